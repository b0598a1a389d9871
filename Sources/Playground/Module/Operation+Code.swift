// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay

/// A call as a line of code.
extension Trace.Operation {
  private var values: [String] { arguments.map { "0x" + String($0, radix: 16) } }

  /// The call in a kernel written in Swift.
  var swiftCode: String {
    let values = values
    switch call {
    case .registerNode:
      return "try memory.registerNode(NodeID(\(arguments[0])), spanning: "
        + "PageRange(\(values[2])..<\(values[3])), bitmapAt: \(values[1]))"
    case .registerOnlyNode:
      return "try memory.registerNode(NodeID(0), spanning: PageRange(0..<\(values[1])), "
        + "bitmapAt: \(values[0]))"
    case .pageFrameLimits: return "memory.node(NodeID(0))?.span"
    case .bitmapPageCount: return "BootMemory.bitmapPageCount(forPageCount: \(values[0]))"
    case .free, .reserve, .freeOnNode, .reserveOnNode, .releaseLate: return swiftRangeCode(values)
    case .checkpoint: return "memory.freePageCount(on: NodeID(\(arguments[0])))"
    case .handOver: return "try memory.handOver(maximumOrder: 10) { pageAllocator.add($0) }"
    case .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail, .allocateBelow,
      .allocateOnNode, .allocateOnNodeOrFail, .allocateOnNodeBelow, .allocateOnNodeHigh,
      .allocateOnNodeHighBelow, .allocateOnNodeLow:
      return swiftAllocationCode(Array(values.dropFirst(call.namesNode ? 1 : 0)))
    }
  }

  private func swiftRangeCode(_ values: [String]) -> String {
    let place = Array(values.dropFirst(call.namesNode ? 1 : 0))
    let range = "AddressRange(start: \(place[0]), byteCount: \(place[1]))"
    let node = call.namesNode ? ", on: NodeID(\(arguments[0]))" : ""
    switch call {
    case .free, .freeOnNode: return "try memory.free(\(range)\(node))"
    case .releaseLate: return "try memory.releaseLate(\(range)) { pageAllocator.add($0) }"
    default:
      let isExclusive = (arguments.last ?? 0) & 1 == 1
      return "try memory.reserve(\(range)\(node)\(isExclusive ? ", exclusively: true" : ""))"
    }
  }

  private func swiftAllocationCode(_ values: [String]) -> String {
    var text = "try memory.allocate(AllocationRequest(byteCount: \(values[0]), "
    text += "alignment: \(values[1]), goal: .address(\(values[2]))"
    if call.isLow { text += ", limit: .low" }
    if values.count > 3, values[3] != "0x0" { text += ", limit: .address(\(values[3]))" }
    if call.namesNode { text += ", node: NodeID(\(arguments[0]))" }
    if call.isHigh { text += ", nodePolicy: .high" }
    return text + "))"
  }

  /// The call in a kernel written in C, by Linux's names.
  var cCode: String {
    var values = values
    if call.namesNode { values[0] = "NODE_DATA(\(arguments[0]))" }
    if call == .reserve || call == .reserveOnNode {
      values[values.count - 1] =
        (arguments.last ?? 0) & 1 == 1 ? "BOOTMEM_EXCLUSIVE" : "BOOTMEM_DEFAULT"
    }
    let list = values.joined(separator: ", ")
    switch call {
    case .registerNode: return "init_bootmem_node(\(list))"
    case .registerOnlyNode: return "init_bootmem(\(list))"
    case .pageFrameLimits: return "min_low_pfn, max_low_pfn"
    case .bitmapPageCount: return "bootmem_bootmap_pages(\(list))"
    case .free: return "free_bootmem(\(list))"
    case .freeOnNode: return "free_bootmem_node(\(list))"
    case .reserve: return "reserve_bootmem(\(list))"
    case .reserveOnNode: return "reserve_bootmem_node(\(list))"
    case .allocate: return "__alloc_bootmem(\(list))"
    case .allocateOrFail: return "__alloc_bootmem_nopanic(\(list))"
    case .allocateLow: return "__alloc_bootmem_low(\(list))"
    case .allocateLowOrFail: return "__alloc_bootmem_low_nopanic(\(list))"
    case .allocateBelow:
      return "bootmem_allocate(&(struct bootmem_request){ .size = \(values[0]), .align = "
        + "\(values[1]), .goal = \(values[2]), .limit = \(values[3]) }, &address)"
    case .allocateOnNode: return "__alloc_bootmem_node(\(list))"
    case .allocateOnNodeOrFail: return "__alloc_bootmem_node_nopanic(\(list))"
    case .allocateOnNodeBelow: return "___alloc_bootmem_node_nopanic(\(list))"
    case .allocateOnNodeHigh: return "__alloc_bootmem_node_high(\(list))"
    case .allocateOnNodeHighBelow:
      return "/* no call in C: above 4 GiB first, and below a limit */"
    case .allocateOnNodeLow: return "__alloc_bootmem_low_node(\(list))"
    case .checkpoint: return "bootmem_map_word(\(list), index)"
    case .handOver: return "free_all_bootmem()"
    case .releaseLate: return "free_bootmem_late(\(list))"
    }
  }
}
