// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory

/// Physical memory in which bytes are there where a test put them, and nowhere else.
struct FakeMemory: PhysicalMemoryReader {
  /// Stretches of bytes; where they overlap the last one counts.
  private var stretches: [(start: UInt64, bytes: [UInt8?])] = []

  func byte(at address: PhysicalAddress) -> UInt8? {
    for stretch in stretches.reversed() where address.rawValue >= stretch.start {
      let offset = address.rawValue - stretch.start
      if offset < UInt64(stretch.bytes.count) { return stretch.bytes[Int(offset)] }
    }
    return nil
  }

  /// Puts `contents` at `address`.
  mutating func put(_ contents: [UInt8], at address: UInt64) {
    stretches.append((address, contents))
  }

  /// Puts a text with a zero byte behind it at `address`.
  mutating func put(text: String, at address: UInt64) {
    put(Array(text.utf8) + [0], at: address)
  }

  /// Takes the bytes from `address` on away.
  mutating func remove(from address: UInt64, byteCount: UInt64) {
    stretches.append((address, Array(repeating: nil, count: Int(byteCount))))
  }

  /// The bytes from `address` on, as far as they are there.
  func bytes(at address: UInt64, byteCount: UInt64) -> [UInt8] {
    (0..<byteCount).compactMap { byte(at: PhysicalAddress(address + $0)) }
  }

  /// The text in `range`.
  func text(_ range: AddressRange?) -> String? {
    guard let range else { return nil }
    return String(
      decoding: (0..<range.byteCount).compactMap {
        byte(at: PhysicalAddress(range.start.rawValue + $0))
      },
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
