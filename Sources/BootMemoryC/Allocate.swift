import BootMemory
import CBootMemory
import PhysicalMemory

/// What a function does when memory runs out.
enum Exhaustion {
  case isFatal
  case returnsNull
}

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func __alloc_bootmem(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocateInline("__alloc_bootmem", .isFatal, .init(size, align, goal))
}

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func __alloc_bootmem_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocateInline("__alloc_bootmem_nopanic", .returnsNull, .init(size, align, goal))
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate("__alloc_bootmem_low", .isFatal, .init(size, align, goal, .low), on: .any)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low_nopanic(
  _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  let name: StaticString = "__alloc_bootmem_low_nopanic"
  return unsafe allocate(name, .returnsNull, .init(size, align, goal, .low), on: .any)
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_node(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate("__alloc_bootmem_node", .isFatal, .init(size, align, goal), on: .node(pgdat))
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_node_nopanic(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  let name: StaticString = "__alloc_bootmem_node_nopanic"
  return unsafe allocate(name, .returnsNull, .init(size, align, goal), on: .node(pgdat))
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_low_node(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  unsafe allocate(
    "__alloc_bootmem_low_node", .isFatal, .init(size, align, goal, .low), on: .node(pgdat))
}

/// See bootmem.h.
@c @implementation
public func __alloc_bootmem_node_high(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt
) -> UnsafeMutableRawPointer? {
  var request = AllocationRequest(size, align, goal)
  request.nodePolicy = .high
  return unsafe allocate("__alloc_bootmem_node_high", .isFatal, request, on: .node(pgdat))
}

/// See bootmem.h.
@c @implementation
public func ___alloc_bootmem_node_nopanic(
  _ pgdat: OpaquePointer?, _ size: UInt, _ align: UInt, _ goal: UInt, _ limit: UInt
) -> UnsafeMutableRawPointer? {
  let limit = AllocationRequest.Limit(limit)
  let name: StaticString = "___alloc_bootmem_node_nopanic"
  return unsafe allocate(name, .returnsNull, .init(size, align, goal, limit), on: .node(pgdat))
}

/// See bootmem.h.
@c @implementation
public func bootmem_allocate(
  _ request: UnsafePointer<bootmem_request>?, _ physical: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let memory = unsafe LibraryState.memory, let parameters = unsafe request?.pointee,
    let physical = unsafe physical, let request = AllocationRequest(parameters)
  else { return ErrorNumber.invalid }
  do {
    let address = try unsafe memory.pointee.allocate(request)
    unsafe physical.pointee = UInt(truncatingIfNeeded: address.rawValue)
    return 0
  } catch {
    switch error {
    case .handedOver:
      guard request.isValid else { return ErrorNumber.invalid }
      guard parameters.limit == 0, parameters.flags == 0,
        let pointer = unsafe allocateLate(request)
      else { return ErrorNumber.outOfMemory }
      // The inverse of what makes a pointer of an address.
      unsafe physical.pointee =
        UInt(bitPattern: pointer) &- LibraryState.platform.pointee.direct_map_offset
      return 0
    case .outOfMemory:
      return ErrorNumber.outOfMemory
    default:
      return ErrorNumber.invalid
    }
  }
}

/// Allocates what is requested.
@_optimize(speed) @inline(never)
private func allocate(
  _ name: StaticString, _ exhaustion: Exhaustion, _ request: AllocationRequest,
  on node: NamedNode
) -> UnsafeMutableRawPointer? {
  var request = request
  do {
    request.node = try unsafe node.id()
  } catch {
    return unsafe allocationFailed(name, exhaustion, request, error)
  }
  return unsafe allocateInline(name, exhaustion, request)
}

/// The same, as part of the caller: a call that most kernels make most often is spared one.
@inline(__always)
private func allocateInline(
  _ name: StaticString, _ exhaustion: Exhaustion, _ request: AllocationRequest
) -> UnsafeMutableRawPointer? {
  guard let memory = unsafe LibraryState.memory else { return nil }
  do {
    return try unsafe LibraryState.pointer(to: memory.pointee.allocate(request))
  } catch {
    return unsafe allocationFailed(name, exhaustion, request, .memory(error))
  }
}

/// What becomes of an allocation that the core refused.
@inline(never)
private func allocationFailed(
  _ name: StaticString, _ exhaustion: Exhaustion, _ request: AllocationRequest,
  _ error: Refusal
) -> UnsafeMutableRawPointer? {
  var error = error
  if case .memory(.handedOver) = error, request.isValid {
    if let pointer = unsafe allocateLate(request) { return unsafe pointer }
    error = .memory(.outOfMemory(byteCount: request.byteCount))
  }
  if case .memory(.outOfMemory) = error, exhaustion == .returnsNull { return nil }
  request.call(name).refuse(error)
  return nil
}

/// Asks the kernel's own allocator, which has the memory now.
private func allocateLate(_ request: AllocationRequest) -> UnsafeMutableRawPointer? {
  let platform = unsafe LibraryState.platform
  guard let allocate = unsafe platform.pointee.late_allocate else { return nil }
  // Both were given as words of this machine.
  return unsafe allocate(
    platform.pointee.context, Int(truncatingIfNeeded: request.byteCount),
    Int(truncatingIfNeeded: request.alignmentOrCacheLine), Int32(request.node?.rawValue ?? -1))
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
  fileprivate init(_ size: UInt, _ align: UInt, _ goal: UInt, _ limit: Limit = .none) {
    self.init(
      byteCount: UInt64(size), alignment: UInt64(align),
      goal: .address(PhysicalAddress(UInt64(goal))), limit: limit)
  }

  /// The request that a `bootmem_request` makes; nil for flags or a node that do not exist.
  fileprivate init?(_ request: bootmem_request) {
    let known = UInt32(BOOTMEM_NO_CLEAR | BOOTMEM_THIS_NODE)
    guard request.flags & ~known == 0, request.nid >= -1, request.nid < BOOTMEM_MAX_NODES else {
      return nil
    }
    self.init(request.size, request.align, request.goal, Limit(request.limit))
    if request.nid >= 0 { node = NodeID(Int(request.nid)) }
    if request.flags & UInt32(BOOTMEM_THIS_NODE) != 0 {
      guard node != nil else { return nil }
      nodePolicy = .only
    }
    clearsMemory = request.flags & UInt32(BOOTMEM_NO_CLEAR) == 0
  }

  /// Whether the core, had it the memory still, would look for it.
  fileprivate var isValid: Bool { byteCount != 0 && alignmentOrCacheLine.isPowerOfTwo }

  fileprivate var alignmentOrCacheLine: UInt64 {
    if alignment != 0 { return alignment }
    return UInt64(LibraryState.cacheLineByteCount)
  }

  /// The call that made the request, for messages.
  fileprivate func call(_ name: StaticString) -> Call {
    var goalAddress: UInt64 = 0
    if case .address(let address) = goal { goalAddress = address.rawValue }
    return Call(
      name, UInt(truncatingIfNeeded: byteCount), UInt(truncatingIfNeeded: alignment),
      UInt(truncatingIfNeeded: goalAddress))
  }
}
