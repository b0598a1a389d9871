import BootMemory
import CBootMemory
import PhysicalMemory

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func free_bootmem(_ physaddr: UInt, _ size: UInt) {
  unsafe free("free_bootmem", physaddr, size, on: .any)
}

/// See bootmem.h.
@c @implementation
public func free_bootmem_node(_ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt) {
  unsafe free("free_bootmem_node", physaddr, size, on: .node(pgdat))
}

@inline(__always)
private func free(_ name: StaticString, _ start: UInt, _ byteCount: UInt, on node: NamedNode) {
  guard let memory = unsafe LibraryState.memory else { return }
  do throws(Refusal) {
    let id = try unsafe node.id()
    let range = try AddressRange(start, byteCount)
    do {
      try unsafe memory.pointee.free(range, on: id)
    } catch {
      throw .memory(error)
    }
  } catch {
    freeFailed(Call(name, start, byteCount), error)
  }
}

@inline(never)
private func freeFailed(_ call: Call, _ error: Refusal) {
  // Linux's free after the hand-over does nothing; here at least it says so.
  let isHandedOver = unsafe LibraryState.memory?.pointee.isHandedOver ?? false
  switch error {
  case .memory(.handedOver): call.refuse(error, isFault: false)
  case .beyondAddressSpace where isHandedOver:
    call.refuse(.memory(.handedOver), isFault: false)
  default: call.refuse(error)
  }
}

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func reserve_bootmem(_ addr: UInt, _ size: UInt, _ flags: Int32) -> Int32 {
  unsafe reserve("reserve_bootmem", addr, size, flags, on: .any)
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem_node(
  _ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt, _ flags: Int32
) -> Int32 {
  unsafe reserve("reserve_bootmem_node", physaddr, size, flags, on: .node(pgdat))
}

@inline(__always)
private func reserve(
  _ name: StaticString, _ start: UInt, _ byteCount: UInt, _ flags: Int32, on node: NamedNode
) -> Int32 {
  guard let memory = unsafe LibraryState.memory else { return ErrorNumber.invalid }
  do throws(Refusal) {
    let id = try unsafe node.id()
    let range = try AddressRange(start, byteCount)
    do {
      try unsafe memory.pointee.reserve(
        range, on: id, exclusively: flags & BOOTMEM_EXCLUSIVE != 0)
      return 0
    } catch {
      throw .memory(error)
    }
  } catch {
    return reserveFailed(Call(name, start, byteCount), error)
  }
}

@inline(never)
private func reserveFailed(_ call: Call, _ error: Refusal) -> Int32 {
  // After the hand-over whatever is asked for comes to the same.
  if unsafe LibraryState.memory?.pointee.isHandedOver ?? false { return ErrorNumber.invalid }
  if case .memory(.alreadyReserved) = error { return ErrorNumber.busy }
  call.refuse(error)
  return ErrorNumber.invalid
}

extension AddressRange {
  /// The range of these bytes, which reach no further than this machine's addresses.
  @inline(__always)
  init(_ start: UInt, _ byteCount: UInt) throws(Refusal) {
    // What reaches beyond 32-bit addresses is left to the allocator.
    guard
      let range = AddressRange(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
    else { throw .beyondAddressSpace }
    self = range
  }
}
