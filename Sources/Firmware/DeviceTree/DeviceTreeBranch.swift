// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A node of a device tree and its ancestors, from the root down.
struct DeviceTreeBranch<Memory: PhysicalMemoryReader> {
  /// The offsets of the nodes in the structure block, which take a fraction of the space of 64
  /// nodes.
  private var offsets: InlineArray<64, UInt64>

  /// The number of nodes below the root.
  private var count = 0

  /// The last node.
  private(set) var last: DeviceTreeNode<Memory>

  /// Follows a path such as `/soc/serial@10000000`; nil if there is no such node.
  ///
  /// A part without a unit address matches the first node with that name.
  ///
  /// - Complexity: O(n) in the size of the tree for each part of the path, up to the tree's depth.
  init?(_ path: BoundedBytes<Memory>, from root: DeviceTreeNode<Memory>) {
    offsets = InlineArray(repeating: root.offset)
    precondition(offsets.count == DeviceTree<Memory>.depthLimit)
    last = root
    guard var rest = path.afterSlash else { return nil }
    while rest.byteCount > 0 {
      let part = rest.prefix(upTo: UInt8(ascii: "/"))
      guard let child = last.child(part) else { return nil }
      // The tree was checked to be no deeper; this guards against memory that has changed since.
      guard count + 1 < offsets.count else { return nil }
      count += 1
      offsets[count] = child.offset
      last = child
      guard let behind = rest.suffix(from: part.byteCount) else { return nil }
      rest = behind.afterSlash ?? behind
    }
  }

  /// Finds the first node in the tree that is compatible with `name` and not disabled; nil if there
  /// is none.
  ///
  /// - Complexity: O(n) in the size of the tree.
  init?(compatibleWith name: StaticString, from root: DeviceTreeNode<Memory>) {
    offsets = InlineArray(repeating: root.offset)
    last = root
    var cursor = root.contents
    while let token = cursor.next() {
      switch token {
      case .node(let node):
        // As above: a checked tree is no deeper.
        guard count + 1 < offsets.count else { return nil }
        count += 1
        offsets[count] = node.offset
        if node.isCompatible(with: name), node.isAvailable {
          last = node
          return
        }
      case .nodeEnd:
        guard count > 0 else { return nil }
        count -= 1
      case .property:
        break
      case .end, .unknown:
        return nil
      }
    }
    return nil
  }

  /// The node at `index`; 0 is the root.
  private func node(at index: Int) -> DeviceTreeNode<Memory>? {
    var cursor = last.contents.moved(to: offsets[index])
    guard case .node(let node) = cursor.next() else { return nil }
    return node
  }

  /// The first entry of the last node's "reg" as the processor sees it; nil if there is none, or if
  /// the processor cannot see it.
  var registers: AddressRange? {
    guard count > 0, let parent = node(at: count - 1), let cells = DeviceTreeCells(of: parent),
      let value = last.property("reg")
    else { return nil }
    let registers = DeviceTreeRegisters(value, cells: cells)
    guard registers.count > 0, let entry = registers[0] else { return nil }
    var start = entry.start
    // Translate from the node's bus up to the processor's, which is the root's.
    for index in stride(from: count - 1, to: 0, by: -1) {
      guard let bus = node(at: index), let outer = node(at: index - 1),
        let translated = DeviceTreeBus(bus, in: outer)?.outerAddress(of: start)
      else { return nil }
      start = translated
    }
    return AddressRange(start: PhysicalAddress(start), byteCount: entry.byteCount)
  }
}

extension BoundedBytes {
  /// What follows a `/` at the start; nil if there is none.
  fileprivate var afterSlash: BoundedBytes? {
    load(UInt8.self, at: 0) == UInt8(ascii: "/") ? suffix(from: 1) : nil
  }
}
