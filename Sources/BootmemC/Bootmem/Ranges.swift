// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func free_bootmem(_ physaddr: UInt, _ size: UInt) {
  do throws(Refusal) {
    let range = try AddressRange(physaddr, size)
    try wrapping { () throws(BootMemoryError) in
      try unsafe LibraryState.memory.pointee.inlinedFree(range, on: nil)
    }
  } catch {
    freeFailed(Call("free_bootmem", physaddr, size), error)
  }
}

/// See bootmem.h.
@c @implementation
public func free_bootmem_node(_ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt) {
  do throws(Refusal) {
    let node = try unsafe NodeID(pgdat)
    let range = try AddressRange(physaddr, size)
    try wrapping { () throws(BootMemoryError) in
      try unsafe LibraryState.memory.pointee.free(range, on: node)
    }
  } catch {
    freeFailed(Call("free_bootmem_node", physaddr, size), error)
  }
}

@inline(never)
private func freeFailed(_ call: Call, _ error: Refusal) {
  // Linux's free after the hand-over does nothing; here at least it says so.
  let isHandedOver = unsafe LibraryState.memory.pointee.isHandedOver
  switch error {
  case .memory(.handedOver): call.refuse(error, isFault: false)
  case .beyondAddressSpace where isHandedOver:
    call.refuse(.memory(.handedOver), isFault: false)
  default: call.refuse(error)
  }
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem(_ addr: UInt, _ size: UInt, _ flags: Int32) -> Int32 {
  reserve(addr, size, flags, on: nil, isOnNode: false)
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem_node(
  _ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt, _ flags: Int32
) -> Int32 {
  unsafe reserve(physaddr, size, flags, on: pgdat, isOnNode: true)
}

@_optimize(speed) @inline(never)
private func reserve(
  _ start: UInt, _ byteCount: UInt, _ flags: Int32, on pgdat: OpaquePointer?, isOnNode: Bool
) -> Int32 {
  do throws(Refusal) {
    let node = isOnNode ? try unsafe NodeID(pgdat) : nil
    let range = try AddressRange(start, byteCount)
    try wrapping { () throws(BootMemoryError) in
      try unsafe LibraryState.memory.pointee.inlinedReserve(
        range, on: node, exclusively: flags & BOOTMEM_EXCLUSIVE != 0)
    }
    return 0
  } catch {
    return reserveFailed(isOnNode, start, byteCount, error)
  }
}

@inline(never)
private func reserveFailed(
  _ isOnNode: Bool, _ start: UInt, _ byteCount: UInt, _ error: Refusal
) -> Int32 {
  // After the hand-over every call gets the same answer.
  if unsafe LibraryState.memory.pointee.isHandedOver { return ErrorNumber.invalid }
  switch error {
  case .memory(.alreadyReserved), .memory(.bitmapReserved): return ErrorNumber.busy
  default: break
  }
  let name: StaticString = isOnNode ? "reserve_bootmem_node" : "reserve_bootmem"
  Call(name, start, byteCount).refuse(error)
  return ErrorNumber.invalid
}

extension AddressRange {
  /// The range of these bytes; throws if it reaches beyond the address space.
  @inline(__always)
  init(_ start: UInt, _ byteCount: UInt) throws(Refusal) {
    // What reaches beyond 32-bit addresses is left to the allocator.
    guard
      let range = AddressRange(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
    else { throw .beyondAddressSpace }
    self = range
  }
}
