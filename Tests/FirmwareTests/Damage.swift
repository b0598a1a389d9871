// SPDX-License-Identifier: MIT
import Firmware
import Testing

/// Reads blocks of a loader's information that are cut off at every byte, and those in which every
/// byte in turn is 0, 1, 80 and ff hexadecimal.
///
/// A reader that trusted one of them would trap, or not end.  What is cut off is an error, or is
/// reported, or has not been missed: then the result is the same.  No error leaves a result behind.
///
/// - Parameter errors: How many of each are refused: what nothing goes without.
func readDamaged(
  _ loader: some BootProtocol, _ blocks: [(address: UInt64, bytes: [UInt8])],
  errors: (cut: Int, changed: Int), sourceLocation: SourceLocation = #_sourceLocation
) {
  var memory = FakeMemory()
  for block in blocks { memory.put(block.bytes, at: block.address) }
  let start = blocks[0].address
  let whole = BootResult(loader, at: start, in: memory)
  #expect(whole.error == nil && whole.reports == "", sourceLocation: sourceLocation)
  var errorCount = (cut: 0, changed: 0)
  for block in blocks {
    for index in block.bytes.indices {
      var cut = memory
      cut.remove(
        from: block.address + UInt64(index), byteCount: UInt64(block.bytes.count - index))
      let result = BootResult(loader, at: start, in: cut)
      if result.error != nil { errorCount.cut += 1 }
      let isSame = result.regions == whole.regions && result.heldRanges == whole.heldRanges
      #expect(
        result.error != nil || result.reports != "" || isSame,
        "\(block.address) cut off at \(index)", sourceLocation: sourceLocation)
      for value: UInt8 in [0, 1, 0x80, 0xff] {
        var changed = memory
        changed.put([value], at: block.address + UInt64(index))
        let result = BootResult(loader, at: start, in: changed)
        if result.error != nil { errorCount.changed += 1 }
        #expect(
          result.error == nil || result.regions == "" && result.heldRanges == "",
          "\(block.address) changed at \(index)", sourceLocation: sourceLocation)
      }
    }
  }
  #expect(errorCount == errors, sourceLocation: sourceLocation)
}
