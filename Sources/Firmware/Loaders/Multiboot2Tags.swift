// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A walk over the tags of Multiboot 2's boot information.
///
/// A walk always ends: every tag advances it by at least 8 bytes, and it stops at a tag that is too
/// small to be valid or that extends beyond the block.
struct Multiboot2Tags<Memory: PhysicalMemoryReader> {
  /// A tag with its header.
  struct Element {
    let type: UInt32
    let bytes: BoundedBytes<Memory>
  }

  private let block: BoundedBytes<Memory>

  /// Tags start after the size of the block and a reserved number.
  private var offset = Multiboot2.Information.headerByteCount

  init(_ block: BoundedBytes<Memory>) {
    self.block = block
  }

  /// The next tag; nil at the end, with a report if no final tag marks it.
  mutating func next(reportingTo sink: inout some TextSink) -> Element? {
    let rest = block.suffix(from: offset)
    let type = rest?.load(Multiboot2.TagField.type)
    if let rest, type == Multiboot2.Tag.end {
      // Some loaders leave out the size of the final tag.
      if rest.byteCount > Multiboot2.TagField.headerByteCount {
        sink.report(
          FirmwareProblem(
            "Multiboot 2 information", at: rest.range.start,
            "continues after its final tag; ignored, with that tag, are bytes",
            value: rest.byteCount))
      }
      return nil
    }
    guard let rest, let type, let size = rest.load(Multiboot2.TagField.size),
      size >= Multiboot2.TagField.headerByteCount,
      let bytes = rest.slice(at: 0, byteCount: UInt64(size))
    else {
      sink.report(
        FirmwareProblem(
          "Multiboot 2 tag", at: block.range.start.advanced(byByteCount: offset),
          "is cut off; the rest is ignored"))
      return nil
    }
    // This cannot overflow: a 32-bit size, rounded up to 8 bytes, plus an offset in a block of at
    // most 1 MiB.
    offset += (UInt64(size) + 7) & ~7
    return Element(type: type, bytes: bytes)
  }

  /// Whether the next tag is the final one, at the very end of the block.
  var isAtFinalTag: Bool {
    guard let rest = block.suffix(from: offset) else { return false }
    guard rest.byteCount == Multiboot2.TagField.headerByteCount,
      rest.load(Multiboot2.TagField.type) == Multiboot2.Tag.end,
      let size = rest.load(Multiboot2.TagField.size)
    else { return false }
    // Some loaders leave out its size.
    return size == 0 || UInt64(size) == rest.byteCount
  }

  /// The first tag of `type`, searched for from the start; nil if there is none.
  func first(_ type: UInt32) -> BoundedBytes<Memory>? {
    var tags = Multiboot2Tags(block)
    var silence = SilentSink()
    while let tag = tags.next(reportingTo: &silence) {
      if tag.type == type { return tag.bytes }
    }
    return nil
  }
}
