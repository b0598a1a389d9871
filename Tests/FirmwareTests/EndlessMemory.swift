// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory

/// Memory without end in which every byte is the same.
///
/// A reader that does not end shall fail all the same, whatever time it takes: behind more bytes than
/// any reader needs the memory is out of reach, and ``isExhausted`` says so.
struct EndlessMemory: PhysicalMemoryReader {
  let value: UInt8
  private let counter = Counter()

  /// Thirty of the largest lists that are read, each of 1 MiB.
  private static let byteCountLimit = 30 << 20

  private final class Counter {
    var count = 0
  }

  init(value: UInt8) {
    self.value = value
  }

  /// Whether a reader was stopped.
  var isExhausted: Bool { counter.count > Self.byteCountLimit }

  func byte(at address: PhysicalAddress) -> UInt8? {
    counter.count += 1
    return isExhausted ? nil : value
  }
}
