// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A field of a structure in memory: its type and its offset.
///
/// The fields of a structure are grouped in an enumeration and named as in its specification.
struct Field<Value: FixedWidthInteger & UnsignedInteger>: ExpressibleByIntegerLiteral {
  /// The offset from the start of the structure, in bytes.
  let offset: UInt64

  init(integerLiteral offset: UInt64) {
    self.offset = offset
  }
}

extension BoundedBytes {
  /// The little-endian number in a field; nil if it does not lie entirely within the structure, or
  /// is out of reach.
  func load<Value>(_ field: Field<Value>) -> Value? { load(Value.self, at: field.offset) }

  /// The big-endian number in a field; nil if it does not lie entirely within the structure, or is
  /// out of reach.
  func loadBigEndian<Value>(_ field: Field<Value>) -> Value? { load(field)?.byteSwapped }
}
