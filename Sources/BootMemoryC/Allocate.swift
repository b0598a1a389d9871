import BootMemory
import CBootMemory
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
  guard let request = unsafe request, let physical = unsafe physical else {
    return ErrorNumber.invalid
  }
  let (flags, nid) = unsafe (request.pointee.flags, request.pointee.nid)
  let known = UInt32(BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE)
  guard flags & ~known == 0, nid >= -1, nid < BOOTMEM_MAX_NODES else {
    return ErrorNumber.invalid
  }
  // The flags are those of the function.
  var function = AllocationFunction(rawValue: UInt8(truncatingIfNeeded: flags))
  function.insert(.request)
  if nid >= 0 {
    function.insert(.node)
  } else if function.contains(.thisNode) {
    return ErrorNumber.invalid
  }
  if unsafe request.pointee.limit != 0 { function.insert(.limit) }
  LibraryState.requestError = 0
  let pointer = unsafe allocate(
    bootmem_node(nid), request.pointee.size, request.pointee.align, request.pointee.goal,
    request.pointee.limit, function)
  guard LibraryState.requestError == 0 else { return LibraryState.requestError }
  // The inverse of what makes a pointer of an address.
  unsafe physical.pointee =
    UInt(bitPattern: pointer) &- LibraryState.platform.pointee.direct_map_offset
  return 0
}

/// An allocation function: how it differs from the plain one.
private struct AllocationFunction: OptionSet {
  let rawValue: UInt8

  // Computed, since a stored one would be set up on first use.

  /// Memory as it is: `BOOTMEM_NO_CLEAR`.
  static var uncleared: AllocationFunction { AllocationFunction(rawValue: 1 << 0) }

  /// On no other node than the one asked for: `BOOTMEM_THIS_NODE`.
  static var thisNode: AllocationFunction { AllocationFunction(rawValue: 1 << 1) }

  /// It has a parameter for a node.
  static var node: AllocationFunction { AllocationFunction(rawValue: 1 << 2) }

  /// Below the platform's `low_address_limit`.
  static var low: AllocationFunction { AllocationFunction(rawValue: 1 << 3) }

  /// First above the platform's `max_dma32_pfn`.
  static var high: AllocationFunction { AllocationFunction(rawValue: 1 << 4) }

  /// It has a parameter for a limit.
  static var limit: AllocationFunction { AllocationFunction(rawValue: 1 << 5) }

  /// It returns NULL when memory runs out, and not at all otherwise.
  static var nopanic: AllocationFunction { AllocationFunction(rawValue: 1 << 6) }

  /// `bootmem_allocate`, which returns an error number whatever happens.
  static var request: AllocationFunction { AllocationFunction(rawValue: 1 << 7) }

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

/// Allocates for all functions but one: that one is called most, and has this as a part of it.
///
/// The parameters are in the order in which most functions have them: so all that those do is to
/// add the last and go on here.
@_optimize(speed) @inline(never)
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
    if _slowPath(function.contains(.thisNode)) { request.nodePolicy = .only }
    request.clearsMemory = !function.contains(.uncleared)
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
  var error = error
  let alignment = align == 0 ? LibraryState.cacheLineByteCount : align
  if case .memory(.handedOver) = error {
    if size == 0 {
      error = .memory(.misuse(.zeroByteCount))
    } else if !UInt64(alignment).isPowerOfTwo {
      error = .memory(.misuse(.alignmentNotPowerOfTwo(UInt64(alignment))))
    } else if let pointer = unsafe allocateLate(pgdat, size, alignment, function) {
      return unsafe pointer
    } else {
      error = .memory(.outOfMemory(byteCount: UInt64(size)))
    }
  }
  let isOutOfMemory = if case .memory(.outOfMemory) = error { true } else { false }
  if function.contains(.request) {
    LibraryState.requestError =
      isOutOfMemory && LibraryState.isSetUp ? ErrorNumber.outOfMemory : ErrorNumber.invalid
    return nil
  }
  if !isOutOfMemory || !function.contains(.nopanic) {
    Call(function.name, size, align, goal).refuse(error)
  }
  return nil
}

/// Asks the kernel's own allocator, which has the memory now; what that does not know of,
/// `bootmem_allocate` does not ask it for.
private func allocateLate(
  _ pgdat: OpaquePointer?, _ size: UInt, _ alignment: UInt, _ function: AllocationFunction
) -> UnsafeMutableRawPointer? {
  let platform = unsafe LibraryState.platform
  guard let allocate = unsafe platform.pointee.late_allocate,
    !function.contains(.request) || function.isDisjoint(with: [.thisNode, .uncleared, .limit])
  else { return nil }
  let node = function.contains(.node) ? unsafe try? NodeID(pgdat) : nil
  return unsafe allocate(
    platform.pointee.context, Int(bitPattern: size), Int(bitPattern: alignment),
    Int32(truncatingIfNeeded: node?.rawValue ?? -1))
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
