// SPDX-License-Identifier: MIT

/// An EFI memory descriptor of 40 bytes, encoded.
struct EFIDescriptor {
  var type: UInt32
  var start: UInt64
  var pageCount: UInt64
  /// Write-back caching, among others, as all working memory has.
  var attributes: UInt64 = 0xf

  var bytes: [UInt8] {
    var builder = ByteBuilder()
    builder.append(type)
    builder.append(UInt32(0))
    builder.append(start)
    builder.append(UInt64(0))
    builder.append(pageCount)
    builder.append(attributes)
    return builder.bytes
  }
}
