import Firmware
import PhysicalMemory

/// Physical memory of which a file holds a part, and nothing else is in reach.
struct FileMemory: PhysicalMemoryReader {
  let bytes: [UInt8]

  /// The address that the file's first byte lay at.
  let start: PhysicalAddress

  func byte(at address: PhysicalAddress) -> UInt8? {
    guard address >= start else { return nil }
    let offset = address.rawValue - start.rawValue
    return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }
}
