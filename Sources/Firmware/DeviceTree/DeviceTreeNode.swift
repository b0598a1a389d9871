// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A node of a device tree whose structure has been checked.
struct DeviceTreeNode<Memory: PhysicalMemoryReader> {
  /// The name with the unit address, such as `memory@80000000`, without the final zero.
  let name: BoundedBytes<Memory>

  /// Where the node starts in the structure block.
  let offset: UInt64

  /// The position just after the name.
  let contents: DeviceTreeCursor<Memory>

  /// Where the node's name lies, for reports.
  var address: PhysicalAddress { name.range.start }

  /// The children in order.
  var children: DeviceTreeChildren<Memory> { DeviceTreeChildren(contents) }

  /// The value of the first property with this name.
  ///
  /// - Complexity: O(n) in the number of the node's properties.
  func property(_ name: StaticString) -> BoundedBytes<Memory>? {
    var cursor = contents
    while case .property(let property) = cursor.next() {
      if property.isNamed(name) { return property.value }
    }
    return nil
  }

  /// The value of the first property whose name is these bytes.
  func property(_ name: BoundedBytes<Memory>) -> BoundedBytes<Memory>? {
    var cursor = contents
    while case .property(let property) = cursor.next() {
      if property.isNamed(name) { return property.value }
    }
    return nil
  }

  /// Whether there is a property with this name, whatever its value.
  func has(_ name: StaticString) -> Bool { property(name) != nil }

  /// Whether the node is named `name`, with or without a unit address.
  func isNamed(_ name: StaticString) -> Bool {
    guard self.name.starts(with: name) else { return false }
    let length = UInt64(name.utf8CodeUnitCount)
    return self.name.byteCount == length
      || self.name.load(UInt8.self, at: length) == UInt8(ascii: "@")
  }

  /// Whether a component of a path matches the node; one without a unit address matches any.
  func isNamed(_ part: BoundedBytes<Memory>) -> Bool {
    name.equals(part) || name.prefix(upTo: UInt8(ascii: "@")).equals(part)
  }

  /// Whether the node can be used: its "status" says so, or is missing.
  ///
  /// Source: Devicetree Specification 0.4, section 2.3.4, "status".
  var isAvailable: Bool {
    guard let status = property("status") else { return true }
    return status.holds("okay") || status.holds("ok")
  }

  /// Whether `name` is among the strings in "compatible".
  func isCompatible(with name: StaticString) -> Bool {
    guard let list = property("compatible") else { return false }
    var offset: UInt64 = 0
    while offset < list.byteCount {
      if list.holds(name, at: offset) { return true }
      guard let text = list.text(at: offset) else { return false }
      offset += text.byteCount + 1
    }
    return false
  }

  /// The first child that a component of a path matches.
  func child(_ part: BoundedBytes<Memory>) -> DeviceTreeNode? {
    var children = children
    while let child = children.next() {
      if child.isNamed(part) { return child }
    }
    return nil
  }

  /// The first child with this name, with or without a unit address.
  func child(_ name: StaticString) -> DeviceTreeNode? {
    var children = children
    while let child = children.next() {
      if child.isNamed(name) { return child }
    }
    return nil
  }
}
