// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The only means by which this module reads physical memory.
///
/// Addresses from firmware and loaders are unchecked.  A reader therefore returns nil for an
/// address that it cannot reach instead of faulting.
public protocol PhysicalMemoryReader {
  /// The byte at `address`, or nil if that address is out of reach.
  func byte(at address: PhysicalAddress) -> UInt8?
}

extension PhysicalMemoryReader {
  /// The little-endian number in the bytes from `address` on, or nil if one of them is out of
  /// reach.
  ///
  /// - Precondition: `Value` has at most 64 bits, as all fields of the tables have.
  @inlinable
  public func load<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self, at address: PhysicalAddress
  ) -> Value? {
    precondition(Value.bitWidth <= 64)
    // Concrete numbers and no iterator: without optimisation, generic types are looked up for each
    // byte again.
    var value: UInt64 = 0
    var index: UInt64 = 0
    while index < UInt64(Value.bitWidth / 8) {
      guard let byteAddress = address.advanced(byByteCount: index),
        let byte = byte(at: byteAddress)
      else { return nil }
      value |= UInt64(byte) << (index * 8)
      index += 1
    }
    return Value(truncatingIfNeeded: value)
  }
}
