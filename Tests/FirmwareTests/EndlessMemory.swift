import Firmware
import PhysicalMemory

/// Memory without end in which every byte is the same.
struct EndlessMemory: PhysicalMemoryReader {
  let value: UInt8

  func byte(at address: PhysicalAddress) -> UInt8? { value }
}
