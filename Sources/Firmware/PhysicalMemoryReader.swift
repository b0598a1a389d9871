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
  @inlinable
  public func load<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self, at address: PhysicalAddress
  ) -> Value? {
    var value: Value = 0
    for index in 0..<UInt64(Value.bitWidth / 8) {
      guard let byteAddress = address.advanced(byByteCount: index),
        let byte = byte(at: byteAddress)
      else { return nil }
      value |= Value(byte) << Value(index * 8)
    }
    return value
  }
}
