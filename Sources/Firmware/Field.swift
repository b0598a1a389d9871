// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A field of a structure in memory: what number it is, and how many bytes in front of it.
///
/// The fields of a structure stand in an enumeration, called as its specification calls them.
struct Field<Value: FixedWidthInteger & UnsignedInteger>: ExpressibleByIntegerLiteral {
  /// How far from the start of the structure it lies, in bytes.
  let offset: UInt64

  init(integerLiteral offset: UInt64) {
    self.offset = offset
  }
}

extension BoundedBytes {
  /// The little-endian number in a field; nil if that is not in the structure as a whole, or out of
  /// reach.
  func load<Value>(_ field: Field<Value>) -> Value? { load(Value.self, at: field.offset) }

  /// The same of a big-endian number.
  func loadBigEndian<Value>(_ field: Field<Value>) -> Value? { load(field)?.byteSwapped }
}
