// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A token of the structure block of a device tree.
enum DeviceTreeToken<Memory: PhysicalMemoryReader> {
  /// A node starts; its properties and children follow, then ``nodeEnd``.
  case node(DeviceTreeNode<Memory>)
  /// A property of the most recently started node.
  case property(DeviceTreeProperty<Memory>)
  /// The innermost open node ends.
  case nodeEnd
  /// The block ends.
  case end
  /// A number that is none of these tokens.
  case unknown(UInt32)
}

/// A position in the structure block of a device tree.
///
/// A walk always ends: every step advances by at least 4 bytes.
///
/// Source: Devicetree Specification 0.4, section 5.4.
struct DeviceTreeCursor<Memory: PhysicalMemoryReader> {
  private enum Number {
    static var node: UInt32 { 1 }
    static var nodeEnd: UInt32 { 2 }
    static var property: UInt32 { 3 }
    static var nothing: UInt32 { 4 }
    static var end: UInt32 { 9 }
  }

  /// The fields between the token of a property and its value.
  private enum PropertyHeader {
    static var length: Field<UInt32> { 0 }
    static var nameOffset: Field<UInt32> { 4 }

    static var byteCount: UInt64 { 8 }
  }

  private let structure: BoundedBytes<Memory>
  private let strings: BoundedBytes<Memory>

  /// Where the next token starts, in bytes from the start of the block; a multiple of 4.
  private(set) var offset: UInt64

  init(structure: BoundedBytes<Memory>, strings: BoundedBytes<Memory>) {
    self.structure = structure
    self.strings = strings
    offset = 0
  }

  /// A cursor at another token of the same block.
  func moved(to offset: UInt64) -> DeviceTreeCursor {
    var cursor = self
    cursor.offset = offset
    return cursor
  }

  /// The address of the next token.
  var address: PhysicalAddress? { structure.range.start.advanced(byByteCount: offset) }

  /// The next token; nil if it does not lie entirely within the block.
  @inline(never)
  mutating func next() -> DeviceTreeToken<Memory>? {
    while let number = structure.loadBigEndian(UInt32.self, at: offset) {
      let start = offset
      offset += 4
      switch number {
      case Number.nothing: continue
      case Number.node: return node(from: start)
      case Number.property: return property()
      case Number.nodeEnd: return .nodeEnd
      case Number.end: return .end
      default: return .unknown(number)
      }
    }
    return nil
  }

  @inline(never)
  private mutating func node(from start: UInt64) -> DeviceTreeToken<Memory>? {
    guard let range = structure.text(at: offset) else { return nil }
    skip(byteCount: range.byteCount + 1)
    return .node(
      DeviceTreeNode(
        name: BoundedBytes(structure.memory, range), offset: start, contents: self))
  }

  @inline(never)
  private mutating func property() -> DeviceTreeToken<Memory>? {
    guard let header = structure.slice(at: offset, byteCount: PropertyHeader.byteCount),
      let byteCount = header.loadBigEndian(PropertyHeader.length),
      let nameOffset = header.loadBigEndian(PropertyHeader.nameOffset),
      let value = structure.slice(
        at: offset + PropertyHeader.byteCount, byteCount: UInt64(byteCount))
    else { return nil }
    skip(byteCount: PropertyHeader.byteCount + UInt64(byteCount))
    return .property(
      DeviceTreeProperty(nameOffset: UInt64(nameOffset), strings: strings, value: value))
  }

  /// Advances to the first token after `byteCount` bytes, which lie in the block.
  private mutating func skip(byteCount: UInt64) {
    // This cannot overflow: a block has at most 2 MiB.
    offset = (offset + byteCount + 3) & ~3
  }
}
