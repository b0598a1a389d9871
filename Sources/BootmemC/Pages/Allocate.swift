// SPDX-License-Identifier: MIT
import CBootmem
import PageAllocator
import PhysicalMemory

// Each of these functions goes on to the next, which has more registers to save.

/// See bootmem_pages.h.
@c @implementation @_optimize(speed)
public func bootmem_pages_allocate(_ order: UInt32, _ nid: Int32, _ limit_pfn: UInt) -> UInt {
  guard nid == -1 else { return allocateOnNode(order, nid, limit_pfn, .preferred) }
  guard let pages = unsafe KeptPages.pages, let node = unsafe pages.pointee.firstNode else {
    return allocateAnywhere(order, .any, limit_pfn)
  }
  if order == 0 {
    if let page = unsafe node.pointee.allocateSinglePage(below: limit(limit_pfn)) {
      return UInt(truncatingIfNeeded: page.number)
    }
    // Constants need no registers to be saved.
    return unsafe allocateExactBlock(0, .any, limit_pfn, node)
  }
  if order >= PageAllocator.wordOrder {
    return unsafe allocateBlock(order, .any, limit_pfn, node)
  }
  return unsafe allocateExactBlock(order, .any, limit_pfn, node)
}

/// See bootmem_pages.h.
@c @implementation
public func bootmem_pages_allocate_on(_ order: UInt32, _ nid: Int32, _ limit_pfn: UInt) -> UInt {
  allocateOnNode(order, nid, limit_pfn, .only)
}

@_optimize(speed) @inline(never)
private func allocateOnNode(
  _ order: UInt32, _ nid: Int32, _ limit_pfn: UInt, _ policy: PageAllocator.NodePolicy
) -> UInt {
  let choice = NodeChoice(nid, policy)
  guard let pages = unsafe KeptPages.pages,
    let node = unsafe pages.pointee.nodeWithPages(NodeID(Int(nid)))
  else { return allocateAnywhere(order, choice, limit_pfn) }
  if order == 0, let page = unsafe node.pointee.allocateSinglePage(below: limit(limit_pfn)) {
    return UInt(truncatingIfNeeded: page.number)
  }
  if order < PageAllocator.wordOrder {
    return unsafe allocateExactBlock(order, choice, limit_pfn, node)
  }
  return unsafe allocateBlock(order, choice, limit_pfn, node)
}

/// Allocates a block below a word's order on `node`, the first to try.
@_optimize(speed) @inline(never)
private func allocateExactBlock(
  _ order: UInt32, _ choice: NodeChoice, _ limit_pfn: UInt, _ node: PageAllocator.NodePointer
) -> UInt {
  if let page = unsafe node.pointee.allocateExactBlock(order: UInt(order), below: limit(limit_pfn))
  {
    return UInt(truncatingIfNeeded: page.number)
  }
  return unsafe allocateBlock(order, choice, limit_pfn, node)
}

@_optimize(speed) @inline(never)
private func allocateBlock(
  _ order: UInt32, _ choice: NodeChoice, _ limit_pfn: UInt, _ node: PageAllocator.NodePointer
) -> UInt {
  let limit = limit(limit_pfn)
  if order <= PageAllocator.maximumOrder,
    let page = unsafe node.pointee.allocateBlock(order: UInt(order), below: limit)
  {
    return UInt(truncatingIfNeeded: page.number)
  }
  return allocateAnywhere(order, choice, limit_pfn)
}

/// Allocates a block on the slow path, which can serve every call.
@inline(never)
private func allocateAnywhere(
  _ order: UInt32, _ choice: NodeChoice, _ limit_pfn: UInt
) -> UInt {
  guard let pages = unsafe KeptPages.pages else { return .max }
  do throws(PageAllocatorError) {
    let page = unsafe try pages.pointee.allocateBlock(
      order: Int(truncatingIfNeeded: order), on: choice.node, policy: choice.policy,
      below: limit(limit_pfn))
    return UInt(truncatingIfNeeded: page.number)
  } catch {
    report("bootmem_pages_allocate", error)
    return .max
  }
}

/// A node and its policy, in one register, since all functions here hand it on.
private struct NodeChoice {
  /// Twice the number that C calls `nid`, and 1 more for ``PageAllocator/NodePolicy/only``.
  private let value: Int

  /// Any node: the policy means nothing then.
  static var any: NodeChoice { NodeChoice(-1, .only) }

  init(_ nid: Int32, _ policy: PageAllocator.NodePolicy) {
    value = Int(nid) &<< 1 | (policy == .only ? 1 : 0)
  }

  var node: NodeID? { value == Self.any.value ? nil : NodeID(value &>> 1) }
  var policy: PageAllocator.NodePolicy { value & 1 == 0 ? .preferred : .only }
}
