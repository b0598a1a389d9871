import BootMemory
import PhysicalMemory
import TextOutput

/// A node's bitmap as Linux has it: a whole number of words from the node's first page on.
public struct FlatBitmap {
  /// The size in bytes.
  public let byteCount: UInt64

  /// The bitmap of a node of `pageCount` pages on a machine with words of `wordBitCount` bits.
  ///
  /// - Precondition: `pageCount` is at most 2^52.
  public init(pageCount: UInt64, wordBitCount: Int) {
    let wordBitCount = UInt64(wordBitCount)
    byteCount = (pageCount + (wordBitCount - 1)) / wordBitCount * (wordBitCount / 8)
  }

  /// Writes how many bits are 1, and the sum of the bytes, of the bitmap of `node`.
  ///
  /// - Complexity: O(size × levels).
  public func writeSums(
    of node: NodeID, in memory: borrowing BootMemory, to sink: inout some TextSink
  ) {
    var checksum = Checksum()
    var reserved: UInt64 = 0
    var rest = byteCount
    var index: UInt = 0
    while rest > 0 {
      let wordByteCount = min(rest, UInt64(UInt.bitWidth / 8))
      // At the end of a 32-bit machine's bitmap only half of a 64-bit word may be there.
      let kept: UInt64 = wordByteCount == 8 ? .max : (1 << (wordByteCount * 8)) - 1
      let word = UInt64(memory.bitmapWord(index, of: node)) & kept
      reserved += UInt64(word.nonzeroBitCount)
      checksum.add(word, byteCount: Int(wordByteCount))
      rest -= wordByteCount
      index += 1
    }
    sink.write(hexadecimal: reserved)
    sink.write(" ")
    checksum.write(to: &sink)
  }
}
