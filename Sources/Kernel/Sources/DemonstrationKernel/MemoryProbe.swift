// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Checks allocated memory: that it exists, is clear, and belongs to nothing else.
enum MemoryProbe {
  private static let pattern: UInt8 = 0xa5

  /// Whether all bytes are 0.
  static func isClear(at address: PhysicalAddress, byteCount: UInt64) -> Bool {
    let bytes = unsafe bytes(at: address, byteCount: byteCount)
    for index in 0..<bytes.count where unsafe bytes[index] != 0 { return false }
    return true
  }

  /// Fills the bytes with a pattern, and returns whether they hold it afterwards.
  static func fill(at address: PhysicalAddress, byteCount: UInt64) -> Bool {
    let bytes = unsafe bytes(at: address, byteCount: byteCount)
    unsafe bytes.initialize(repeating: pattern)
    for index in 0..<bytes.count where unsafe bytes[index] != pattern { return false }
    return true
  }

  /// All memory that the kernel reaches is mapped at its own address.
  private static func bytes(
    at address: PhysicalAddress, byteCount: UInt64
  ) -> UnsafeMutableBufferPointer<UInt8> {
    unsafe UnsafeMutableBufferPointer(
      start: UnsafeMutablePointer(bitPattern: UInt(address.rawValue)), count: Int(byteCount))
  }
}
