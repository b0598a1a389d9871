import Firmware
import PhysicalMemory

/// Physical memory of which a file holds a part, and nothing else is in reach.
public struct FileMemory: PhysicalMemoryReader {
  /// What is in the file.
  public let bytes: [UInt8]

  /// The address that the file's first byte lay at.
  public let start: PhysicalAddress

  /// Makes memory of `bytes` from `start` on.
  public init(bytes: [UInt8], start: PhysicalAddress) {
    self.bytes = bytes
    self.start = start
  }

  /// The byte at `address`; nil outside of the file.
  public func byte(at address: PhysicalAddress) -> UInt8? {
    guard address >= start else { return nil }
    let offset = address.rawValue - start.rawValue
    return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }
}
