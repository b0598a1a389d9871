// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory

/// Memory that holds one blob and counts how often it is read.
struct BlobMemory: PhysicalMemoryReader {
  /// The number of bytes that were read, shared by all copies.
  final class Counter {
    var count = 0
  }

  let start: UInt64
  var bytes: [UInt8]
  let counter = Counter()

  init(_ bytes: [UInt8], at start: UInt64 = 0x4800_0000) {
    self.bytes = bytes
    self.start = start
  }

  func byte(at address: PhysicalAddress) -> UInt8? {
    counter.count += 1
    guard address.rawValue >= start else { return nil }
    let offset = address.rawValue - start
    return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }
}
