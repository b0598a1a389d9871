import Firmware
import PhysicalMemory

/// Physical memory in which bytes are there where a test put them, and nowhere else.
struct FakeMemory: PhysicalMemoryReader {
  private var bytes: [UInt64: UInt8] = [:]

  func byte(at address: PhysicalAddress) -> UInt8? { bytes[address.rawValue] }

  /// Puts `contents` at `address`.
  mutating func put(_ contents: [UInt8], at address: UInt64) {
    for (index, byte) in contents.enumerated() { bytes[address + UInt64(index)] = byte }
  }

  /// Puts a text with a zero byte behind it at `address`.
  mutating func put(text: String, at address: UInt64) {
    put(Array(text.utf8) + [0], at: address)
  }

  /// Takes the bytes from `address` on away.
  mutating func remove(from address: UInt64, byteCount: UInt64) {
    for offset in 0..<byteCount { bytes[address + offset] = nil }
  }

  /// The text in `range`.
  func text(_ range: AddressRange?) -> String? {
    guard let range else { return nil }
    return String(
      decoding: (0..<range.byteCount).compactMap { bytes[range.start.rawValue + $0] },
      as: UTF8.self)
  }
}

/// Builds the bytes of a structure field by field.
struct ByteBuilder {
  private(set) var bytes: [UInt8] = []

  mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  mutating func append(_ contents: [UInt8]) { bytes += contents }

  /// Writes `value` at `offset`, with zeros up to there where nothing is yet.
  mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    let size = Value.bitWidth / 8
    if bytes.count < offset + size {
      bytes += Array(repeating: 0, count: offset + size - bytes.count)
    }
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (index * 8))
    }
  }

  /// Puts zeros at the end up to `count` bytes.
  mutating func pad(to count: Int) {
    if bytes.count < count { bytes += Array(repeating: 0, count: count - bytes.count) }
  }
}
