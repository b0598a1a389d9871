// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(size, align, goal, 0, [])
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(size, align, goal, 0, .nopanic)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(size, align, goal, LibraryState.lowLimit, .low)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(size, align, goal, LibraryState.lowLimit, [.low, .nopanic])
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_node(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(pgdat, size, align, goal, 0, .node)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_node_nopanic(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(pgdat, size, align, goal, 0, [.node, .nopanic])
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low_node(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(pgdat, size, align, goal, LibraryState.lowLimit, [.node, .low])
}

/// See bootmem.h.
@_optimize(speed)
@c @implementation
public func __alloc_bootmem_node_high(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(pgdat, size, align, goal, 0, [.node, .high])
}

/// See bootmem.h.
@c @implementation
public func ___alloc_bootmem_node_nopanic(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(pgdat, size, align, goal, limit, [.node, .limit, .nopanic])
}

/// See bootmem.h.
@_optimize(speed)
@c @implementation
public func bootmem_allocate(
  _ request: UnsafePointer<bootmem_request>?, _ physical: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let asked = unsafe request else { return ErrorNumber.invalid }
  let size = unsafe asked.pointee.size
  // A request without an alignment is the common one: it must not take the search.
  let align = unsafe asked.pointee.align == 0 ? LibraryState.cacheLine : asked.pointee.align
  let (goal, limit) = unsafe (asked.pointee.goal, asked.pointee.limit)
  let (flags, nid) = unsafe (asked.pointee.flags, asked.pointee.nid)
  // A request with other flags, or another node, is refused by the search.
  guard var node = unsafe LibraryState.cursorNode else {
    return unsafe searchForRequest(asked, physical)
  }
  if _fastPath(UInt32(bitPattern: nid) < UInt32(BOOTMEM_MAX_NODES)) {
    guard _fastPath(flags <= UInt32(BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE)) else {
      return unsafe searchForRequest(asked, physical)
    }
    unsafe node = LibraryState.nodes + Int(nid)
  } else {
    guard _fastPath(nid == -1), _fastPath(flags <= UInt32(BOOTMEM_NO_CLEAR)) else {
      return unsafe searchForRequest(asked, physical)
    }
  }
  guard let physical = unsafe physical,
    let address = unsafe LibraryState.allocateAtCursor(
      size, align, goal, limit, on: node, isHigh: false, storingAt: physical)
  else { return unsafe searchForRequest(asked, physical) }
  if flags & UInt32(BOOTMEM_NO_CLEAR) == 0 { _ = unsafe LibraryState.cleared(address, size) }
  return 0
}

/// Serves a request that needs a search, or refuses it.
@inline(never)
private func searchForRequest(
  _ asked: UnsafePointer<bootmem_request>, _ physical: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let physical = unsafe physical else { return ErrorNumber.invalid }
  let (flags, nid) = unsafe (asked.pointee.flags, asked.pointee.nid)
  let isOnlyNode = flags & UInt32(BOOTMEM_THIS_NODE) != 0
  guard flags <= UInt32(BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE), nid >= (isOnlyNode ? 0 : -1),
    nid < BOOTMEM_MAX_NODES
  else { return ErrorNumber.invalid }
  let size = unsafe asked.pointee.size
  var request = unsafe AllocationRequest(
    size, asked.pointee.align, asked.pointee.goal, .init(asked.pointee.limit))
  if nid >= 0 { request.node = NodeID(Int(nid)) }
  if isOnlyNode { request.nodePolicy = .only }
  switch unsafe BootMemory.search(in: &LibraryState.memory.pointee, for: request) {
  case .success(let address):
    if flags & UInt32(BOOTMEM_NO_CLEAR) == 0 { _ = unsafe LibraryState.cleared(address, size) }
    unsafe physical.pointee = address
    return 0
  case .failure(let error):
    return unsafe requestFailed(asked, physical, error)
  }
}

/// Handles a request that the core refused.
@inline(never)
private func requestFailed(
  _ request: UnsafePointer<bootmem_request>, _ physical: UnsafeMutablePointer<UInt>,
  _ error: BootMemoryError
) -> Int32 {
  switch error {
  case .outOfMemory:
    return LibraryState.isSetUp ? ErrorNumber.outOfMemory : ErrorNumber.invalid
  case .handedOver:
    let alignment = unsafe alignmentOrCacheLine(request.pointee.align)
    let size = unsafe request.pointee.size
    guard size != 0, alignment & (alignment &- 1) == 0 else { return ErrorNumber.invalid }
    // The kernel's own allocator knows of no limit, and clears.
    guard unsafe request.pointee.limit == 0, unsafe request.pointee.flags == 0,
      let pointer = unsafe allocateLate(size, alignment, nid: request.pointee.nid)
    else { return ErrorNumber.outOfMemory }
    // The inverse of how an address becomes a pointer.
    unsafe physical.pointee =
      UInt(bitPattern: pointer) &- LibraryState.platform.pointee.direct_map_offset
    return 0
  default:
    return ErrorNumber.invalid
  }
}

/// An allocation function: how it differs from the plain one.
private struct AllocationFunction: OptionSet {
  let rawValue: UInt8

  // Computed, since a stored property would be initialized on first use.

  /// It has a parameter for a node.
  static var node: AllocationFunction { AllocationFunction(rawValue: 1 << 0) }

  /// It allocates below the platform's `low_address_limit`.
  static var low: AllocationFunction { AllocationFunction(rawValue: 1 << 1) }

  /// It tries first above the platform's `max_dma32_pfn`.
  static var high: AllocationFunction { AllocationFunction(rawValue: 1 << 2) }

  /// It has a parameter for a limit.
  static var limit: AllocationFunction { AllocationFunction(rawValue: 1 << 3) }

  /// It returns NULL when memory runs out; without this, it does not return then.
  static var nopanic: AllocationFunction { AllocationFunction(rawValue: 1 << 4) }

  /// What it is called in messages.
  var name: StaticString {
    switch self {
    case [.nopanic]: "__alloc_bootmem_nopanic"
    case [.low]: "__alloc_bootmem_low"
    case [.low, .nopanic]: "__alloc_bootmem_low_nopanic"
    case [.node]: "__alloc_bootmem_node"
    case [.node, .nopanic]: "__alloc_bootmem_node_nopanic"
    case [.node, .low]: "__alloc_bootmem_low_node"
    case [.node, .high]: "__alloc_bootmem_node_high"
    case [.node, .limit, .nopanic]: "___alloc_bootmem_node_nopanic"
    default: "__alloc_bootmem"
    }
  }
}

/// Allocates for the functions without a node, which add the parameters that they do not have.
@_optimize(speed) @inline(never)
private func allocate(
  _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt, _ function: AllocationFunction
) -> UnsafeMutableRawPointer? {
  guard
    let address = LibraryState.allocateAtCursor(
      size, align == 0 ? LibraryState.cacheLine : align, goal, limit)
  else {
    return unsafe searchForMemory(nil, size, align, goal, limit, function)
  }
  return unsafe LibraryState.cleared(address, size)
}

/// Allocates for the functions with a node.
@_optimize(speed) @inline(never)
private func allocate(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt,
  _ function: AllocationFunction
) -> UnsafeMutableRawPointer? {
  guard let node = unsafe LibraryState.node(pgdat),
    let address = unsafe LibraryState.allocateAtCursor(
      size, align, goal, limit, on: node, isHigh: function.contains(.high))
  else { return unsafe searchForMemory(pgdat, size, align, goal, limit, function) }
  return unsafe LibraryState.cleared(address, size)
}

/// Serves an allocation that needs a search, or refuses it.
@inline(never)
private func searchForMemory(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt,
  _ function: AllocationFunction
) -> UnsafeMutableRawPointer? {
  // On a node, an alignment of 0 has been taken for one that is too large until here.
  if align == 0, function.contains(.node), unsafe LibraryState.node(pgdat) != nil,
    LibraryState.cacheLine != 0
  {
    return unsafe allocate(pgdat, size, LibraryState.cacheLine, goal, limit, function)
  }
  var request = AllocationRequest(size, align, goal, .init(limit))
  let refusal: Refusal
  do throws(Refusal) {
    if function.contains(.node) {
      let node = try unsafe NodeID(pgdat)
      let ours = unsafe bootmem_node(Int32(truncatingIfNeeded: node.rawValue))
      // A node of the kernel's own is looked up once, and then treated like any other.
      if unsafe ours != pgdat {
        return unsafe allocate(ours, size, align, goal, limit, function)
      }
      request.node = node
    }
    if function.contains(.high) { request.nodePolicy = .high }
    switch unsafe BootMemory.search(in: &LibraryState.memory.pointee, for: request) {
    case .success(let address): return unsafe LibraryState.cleared(address, size)
    case .failure(let error): throw .memory(error)
    }
  } catch {
    refusal = error
  }
  return unsafe allocationFailed(pgdat, size, align, goal, function, refusal)
}

/// Handles an allocation that the core refused.
@inline(never)
private func allocationFailed(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt,
  _ function: AllocationFunction, _ error: Refusal
) -> UnsafeMutableRawPointer? {
  let call = Call(function.name, size, align, goal)
  let alignment = alignmentOrCacheLine(align)
  if case .memory(.handedOver) = error, size != 0, alignment & (alignment &- 1) == 0 {
    let node = function.contains(.node) ? unsafe try? NodeID(pgdat) : nil
    let nid = Int32(truncatingIfNeeded: node?.rawValue ?? -1)
    if let pointer = unsafe allocateLate(size, alignment, nid: nid) { return unsafe pointer }
    if !function.contains(.nopanic) {
      call.refuse(.memory(.outOfMemory(byteCount: UInt64(size))))
    }
    return nil
  }
  if function.contains(.nopanic), case .memory(.outOfMemory) = error { return nil }
  call.refuse(error)
  return nil
}

/// Asks the kernel's own allocator, which has the memory now.
private func allocateLate(
  _ size: UInt, _ alignment: UInt, nid: Int32
) -> UnsafeMutableRawPointer? {
  let platform = unsafe LibraryState.platform
  guard let allocate = unsafe platform.pointee.late_allocate else { return nil }
  return unsafe allocate(
    platform.pointee.context, Int(bitPattern: size), Int(bitPattern: alignment), nid)
}

private func alignmentOrCacheLine(_ align: UInt) -> UInt {
  align == 0 ? LibraryState.cacheLineByteCount : align
}

extension AllocationRequest.Limit {
  /// The limit that a C parameter gives; 0 for none.
  @inline(__always)
  fileprivate init(_ limit: UInt) {
    self = limit == 0 ? .none : .address(PhysicalAddress(UInt64(limit)))
  }
}

extension AllocationRequest {
  /// The request that Linux's parameters make.
  @inline(__always)
  fileprivate init(_ size: UInt, _ align: UInt, _ goal: UInt, _ limit: Limit) {
    self.init(
      byteCount: UInt64(size), alignment: UInt64(align),
      goal: .address(PhysicalAddress(UInt64(goal))), limit: limit)
  }
}
