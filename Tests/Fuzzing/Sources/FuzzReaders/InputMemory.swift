// SPDX-License-Identifier: MIT
import Firmware
import Oracle
import PhysicalMemory

/// Physical memory in which the bytes of an input lie at `start`, and nothing anywhere else.
@safe struct InputMemory: PhysicalMemoryReader {
  /// Where they lie unless something else is said: where addresses of all formats reach.
  static let start = PhysicalAddress(0x1_0000)

  let start: PhysicalAddress
  private let bytes: UnsafeBufferPointer<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>, start: PhysicalAddress = Self.start) {
    unsafe self.bytes = unsafe bytes
    self.start = start
  }

  func byte(at address: PhysicalAddress) -> UInt8? {
    guard address >= start else { return nil }
    let offset = address.rawValue - start.rawValue
    return unsafe offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }

  /// The same memory as the oracle has it.
  func withOracleMemory(_ body: (UnsafePointer<oracle_memory>) -> Void) {
    var memory = unsafe oracle_memory(
      bytes: bytes.baseAddress, start: start.rawValue, size: UInt64(bytes.count))
    unsafe withUnsafePointer(to: &memory) { unsafe body($0) }
  }
}
