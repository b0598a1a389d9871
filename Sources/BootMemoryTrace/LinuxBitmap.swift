// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// A node's bitmap as Linux has it: a whole number of words from the node's first page on.
public struct LinuxBitmap {
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

/// FNV-1a with 64 bits, as traces use it.
public struct Checksum: Sendable {
  /// The sum so far.
  public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Makes the sum of no bytes.
  public init() {}

  /// Adds a byte.
  public mutating func add(byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  /// What eight bytes of 0 multiply the sum by: the factor of a byte, to the eighth power.
  private static let factorOfZeros: UInt64 = 0x1efa_c709_0aef_4a21

  /// Adds the lowest bytes of `number`, the lowest first.
  public mutating func add(_ number: UInt64, byteCount: Int = 8) {
    // Most words in the bitmap of terabytes are 0.
    if number == 0, byteCount == 8 {
      value = value &* Self.factorOfZeros
      return
    }
    // Not a `for` loop over a range: without optimization, where tests add up millions of words,
    // that takes ten times as long.
    var rest = number
    var count = byteCount
    while count > 0 {
      add(byte: UInt8(truncatingIfNeeded: rest))
      rest >>= 8
      count -= 1
    }
  }

  /// Writes 16 hexadecimal digits.
  public func write(to sink: inout some TextSink) {
    sink.write(hexadecimal: value, minimumDigitCount: 16)
  }
}
