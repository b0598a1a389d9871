// SPDX-License-Identifier: MIT
import TextOutput

/// A byte that memory is filled with so that a write to it shows.
///
/// The debug modes of the ledger and of the heap look for bytes that have changed.
@safe package struct MemoryPattern {
  /// The pattern of freed memory.
  package static var freed: Self { Self(byte: 0x6b) }

  /// The pattern behind an allocation.
  package static var redZone: Self { Self(byte: 0xbd) }

  /// The minimum number of bytes in a red zone.
  package static var redZoneByteCount: UInt8 { 16 }

  package let byte: UInt8

  package init(byte: UInt8) { self.byte = byte }

  /// Fills memory.
  @inline(never)
  package func fill(_ memory: UnsafeMutableRawPointer, byteCount: UInt) {
    unsafe memory.initializeMemory(
      as: UInt8.self, repeating: byte, count: Int(bitPattern: byteCount))
  }

  /// Looks for the first byte that has another value, and writes the start of a line about it:
  /// `memory check: 0x41 instead of 0xbd at 0x1000064, `.
  ///
  /// - Parameters:
  ///   - memory: Where the bytes are.
  ///   - address: The address of the first one, to be written.
  ///   - sink: Takes the text.
  /// - Returns: The number of bytes before it; nil if all bytes have the value of the pattern.
  @inline(never)
  package func firstOther(
    in memory: UnsafeMutableRawPointer, byteCount: UInt, at address: UInt64, to sink: inout LineSink
  ) -> UInt? {
    // An iterator would take most of the time in a build without optimisation.
    var offset: UInt = 0
    while offset < byteCount {
      let found = unsafe memory.load(fromByteOffset: Int(bitPattern: offset), as: UInt8.self)
      if found != byte {
        sink.write("memory check: 0x", hexadecimal: UInt64(found), " instead of 0x")
        // The bytes do not wrap.
        sink.write("", hexadecimal: UInt64(byte), " at 0x")
        sink.write(hexadecimal: address &+ UInt64(offset))
        sink.write(", ")
        return offset
      }
      offset &+= 1  // At most the count.
    }
    return nil
  }
}
