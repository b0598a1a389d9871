// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func __alloc_bootmem(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  do {
    let address = try unsafe LibraryState.memory.pointee.inlinedAllocate(
      AllocationRequest(size, align, goal, .none))
    return unsafe LibraryState.pointer(to: address)
  } catch {
    return unsafe allocationFailed(nil, size, align, goal, [], .memory(error))
  }
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(nil, size, align, goal, 0, .nopanic)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(nil, size, align, goal, 0, .low)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(nil, size, align, goal, 0, [.low, .nopanic])
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
  unsafe allocate(pgdat, size, align, goal, 0, [.node, .low])
}

/// See bootmem.h.
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
@c @implementation
public func bootmem_allocate(
  _ request: UnsafePointer<bootmem_request>?, _ physical: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let parameters = unsafe request, let physical = unsafe physical else {
    return ErrorNumber.invalid
  }
  let (flags, nid) = unsafe (parameters.pointee.flags, parameters.pointee.nid)
  let known = UInt32(BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE)
  guard flags & ~known == 0, nid >= -1, nid < BOOTMEM_MAX_NODES else {
    return ErrorNumber.invalid
  }
  var request = unsafe AllocationRequest(
    parameters.pointee.size, parameters.pointee.align, parameters.pointee.goal,
    .init(parameters.pointee.limit))
  if nid >= 0 { request.node = NodeID(Int(nid)) }
  if flags & UInt32(BOOTMEM_THIS_NODE) != 0 {
    if nid < 0 { return ErrorNumber.invalid }
    request.nodePolicy = .only
  }
  request.clearsMemory = flags & UInt32(BOOTMEM_NO_CLEAR) == 0
  do {
    let address = try unsafe LibraryState.memory.pointee.inlinedAllocate(request)
    unsafe physical.pointee = UInt(truncatingIfNeeded: address.rawValue)
    return 0
  } catch {
    return unsafe requestFailed(parameters, physical, error)
  }
}

/// What becomes of a request that the core refused.
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
    // That knows of no limit, and clears.
    guard unsafe request.pointee.limit == 0, unsafe request.pointee.flags == 0,
      let pointer = unsafe allocateLate(size, alignment, nid: request.pointee.nid)
    else { return ErrorNumber.outOfMemory }
    // The inverse of what makes a pointer of an address.
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

  // Computed, since a stored one would be set up on first use.

  /// It has a parameter for a node.
  static var node: AllocationFunction { AllocationFunction(rawValue: 1 << 0) }

  /// Below the platform's `low_address_limit`.
  static var low: AllocationFunction { AllocationFunction(rawValue: 1 << 1) }

  /// First above the platform's `max_dma32_pfn`.
  static var high: AllocationFunction { AllocationFunction(rawValue: 1 << 2) }

  /// It has a parameter for a limit.
  static var limit: AllocationFunction { AllocationFunction(rawValue: 1 << 3) }

  /// It returns NULL when memory runs out, and not at all otherwise.
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

/// Allocates for Linux's functions but one: that one is called most, and has this as a part of it.
///
/// The parameters are in the order in which most functions have them: so all that those do is to
/// add the last and go on here.
@inline(never)
private func allocate(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt,
  _ function: AllocationFunction
) -> UnsafeMutableRawPointer? {
  let lowLimit = unsafe LibraryState.platform.pointee.low_address_limit
  var request = AllocationRequest(
    size, align, goal, .init(function.contains(.low) ? lowLimit : limit))
  do throws(Refusal) {
    if function.contains(.node) { request.node = try unsafe NodeID(pgdat) }
    if _slowPath(function.contains(.high)) { request.nodePolicy = .high }
    let address = try wrapping { () throws(BootMemoryError) in
      try unsafe LibraryState.memory.pointee.inlinedAllocate(request)
    }
    return unsafe LibraryState.pointer(to: address)
  } catch {
    return unsafe allocationFailed(
      pgdat, size, align, goal, function, error)
  }
}

/// What becomes of an allocation that the core refused.
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
  /// The limit that a parameter of C's says, 0 being none.
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
