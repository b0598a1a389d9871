// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A flattened device tree, validated in full: what firmware hands over on most machines that are
/// not PCs.
///
/// A tree is read in place and nothing is copied, so its memory must not change while the tree is
/// in use.  Trees of up to 2 MiB with nodes nested up to 64 deep are read, in versions 16 and 17
/// and any that declare themselves compatible with these.
///
/// Source: Devicetree Specification 0.4, chapter 5.
public struct DeviceTree<Memory: PhysicalMemoryReader> {
  /// The maximum nesting depth of nodes, counting the root.
  static var depthLimit: Int { 64 }

  /// The addresses of the tree, over the whole size that its header claims.
  public let range: AddressRange

  /// The root node.
  let root: DeviceTreeNode<Memory>

  /// The memory reservation block, positioned at its first entry.
  let reservations: DeviceTreeReservations<Memory>

  /// Checks the tree at `address`: all blocks lie within it without overlapping, and every token of
  /// the structure block is valid.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` with the first defect found.
  /// - Complexity: O(n) in the size of the tree.
  public init(at address: PhysicalAddress, in memory: Memory) throws(FirmwareError) {
    let header = try DeviceTreeHeader(at: address, in: memory)
    let blob = BoundedBytes(memory, at: address, byteCount: header.totalByteCount)
    func problem(_ object: StaticString, _ complaint: StaticString) -> FirmwareError {
      .unreadable(FirmwareProblem(object, at: address, complaint))
    }
    guard let headerRange = blob.subrange(at: 0, byteCount: header.byteCount) else {
      throw problem("device tree", "is smaller than its header")
    }
    // A file may be shorter than its tree, and memory may end; without this check the walk would
    // blame whatever it met first, such as a property whose name cannot be read.
    guard blob.load(UInt8.self, at: blob.byteCount - 1) != nil else {
      throw .unreadable(
        FirmwareProblem(
          "device tree", at: address, "is cut off, has size", value: header.totalByteCount))
    }
    guard header.structureOffset % 4 == 0, let rest = blob.suffix(from: header.structureOffset),
      let structure = rest.slice(at: 0, byteCount: header.structureByteCount ?? rest.byteCount)
    else { throw problem("device tree structure", "does not lie in the tree, aligned to 4 bytes") }
    guard let strings = blob.slice(at: header.stringsOffset, byteCount: header.stringsByteCount)
    else { throw problem("device tree strings", "do not lie in the tree") }
    // Without a byte they overlap nothing, wherever they are said to lie.
    guard header.stringsOffset >= header.byteCount || header.stringsByteCount > 0 else {
      throw problem("device tree strings", "are empty and lie in the header")
    }
    guard let rest = blob.suffix(from: header.reservationsOffset) else {
      throw problem("device tree reservations", "do not lie in the tree")
    }
    let reservations = DeviceTreeReservations(rest)
    guard let reservationRange = reservations.range else {
      throw problem("device tree reservations", "do not end in the tree")
    }
    var cursor = DeviceTreeCursor(structure: structure, strings: strings)
    root = try Self.checkedRoot(&cursor, endOfNames: Self.endOfLastText(in: strings))
    range = blob.range
    self.reservations = reservations
    // Version 16 does not say how large the structure is; its last token does.
    let structureRange = structure.subrange(at: 0, byteCount: cursor.offset) ?? structure.range
    try Self.checkApart([headerRange, reservationRange, structureRange, strings.range])
  }

  /// Throws an error if two blocks of a tree share a byte.
  private static func checkApart(_ blocks: InlineArray<4, AddressRange>) throws(FirmwareError) {
    for index in 1..<blocks.count {
      for other in 0..<index where blocks[index].overlaps(blocks[other]) {
        throw .unreadable(
          FirmwareProblem(
            "device tree block", at: blocks[index].start, "overlaps the one at",
            value: blocks[other].start.rawValue))
      }
    }
  }

  /// The end of the last string in the strings block, its zero byte included: a name that starts
  /// below it is terminated.  For a block that is cut off, this is where the header says the block
  /// ends.
  private static func endOfLastText(in strings: BoundedBytes<Memory>) -> UInt64 {
    var end = strings.byteCount
    while end > 0, let byte = strings.load(UInt8.self, at: end - 1), byte != 0 { end -= 1 }
    return end
  }

  /// Walks through the structure block to its end.
  ///
  /// - Returns: The one node that contains all others.
  private static func checkedRoot(
    _ cursor: inout DeviceTreeCursor<Memory>, endOfNames: UInt64
  ) throws(FirmwareError) -> DeviceTreeNode<Memory> {
    var root: DeviceTreeNode<Memory>?
    var depth = 0
    var isBehindName = false
    while true {
      let address = cursor.address
      func problem(_ complaint: StaticString, value: UInt64? = nil) -> FirmwareError {
        .unreadable(
          FirmwareProblem("device tree structure", at: address, complaint, value: value))
      }
      switch cursor.next() {
      case .node(let node):
        guard depth < depthLimit else {
          throw problem("has nodes nested deeper than", value: UInt64(depthLimit))
        }
        guard depth > 0 || root == nil else { throw problem("has a second root") }
        if depth == 0 { root = node }
        depth += 1
        isBehindName = true
      case .property(let property):
        guard isBehindName else { throw problem("has a property after a node") }
        guard property.nameOffset < endOfNames else {
          throw problem(
            "has a property whose name does not end in the strings, but starts at",
            value: property.nameOffset)
        }
      case .nodeEnd:
        guard depth > 0 else { throw problem("ends a node where none started") }
        depth -= 1
        isBehindName = false
      case .end:
        guard depth == 0, let root else { throw problem("ends inside a node") }
        return root
      case .unknown(let number):
        throw problem("has an unknown token", value: UInt64(number))
      case nil:
        throw problem("is cut off")
      }
    }
  }
}
