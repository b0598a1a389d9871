import BootMemory
import CBootMemory
import PhysicalMemory

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func free_bootmem(_ physaddr: UInt, _ size: UInt) {
  // What reaches beyond 32-bit addresses wraps in no 64-bit sum.
  if let memory = unsafe Library.shortcutMemory, !physaddr.addingReportingOverflow(size).overflow,
    unsafe memory.pointee.freeInWord(
      start: PhysicalAddress(UInt64(physaddr)), byteCount: UInt64(size))
  {
    return
  }
  unsafe free("free_bootmem", physaddr, size, on: .any)
}

/// See bootmem.h.
@c @implementation
public func free_bootmem_node(_ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt) {
  unsafe free("free_bootmem_node", physaddr, size, on: .node(pgdat))
}

/// Frees a range the long way, which every call can take.
@inline(never)
private func free(_ name: StaticString, _ start: UInt, _ byteCount: UInt, on node: NamedNode) {
  guard let memory = unsafe Library.memory else { return }
  do throws(Refusal) {
    let id = try unsafe node.id()
    let range = try unsafe AddressRange(start, byteCount, of: memory.pointee)
    try wrapping { () throws(BootMemoryError) in try unsafe memory.pointee.free(range, on: id) }
  } catch {
    let call = Call(name, start, byteCount)
    // Linux's free after the hand-over does nothing; here at least it says so.
    if case .memory(.handedOver) = error {
      call.refuse(error, isFault: false)
    } else {
      call.refuse(error)
    }
  }
}

/// See bootmem.h.
@c @implementation @_optimize(speed)
public func reserve_bootmem(_ addr: UInt, _ size: UInt, _ flags: Int32) -> Int32 {
  // What reaches beyond 32-bit addresses wraps in no 64-bit sum.
  if let memory = unsafe Library.shortcutMemory, !addr.addingReportingOverflow(size).overflow,
    unsafe memory.pointee.reserveInWord(
      start: PhysicalAddress(UInt64(addr)), byteCount: UInt64(size))
  {
    return 0
  }
  return unsafe reserve("reserve_bootmem", addr, size, flags, on: .any)
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem_node(
  _ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt, _ flags: Int32
) -> Int32 {
  unsafe reserve("reserve_bootmem_node", physaddr, size, flags, on: .node(pgdat))
}

/// Reserves a range the long way, which every call can take.
@inline(never)
private func reserve(
  _ name: StaticString, _ start: UInt, _ byteCount: UInt, _ flags: Int32, on node: NamedNode
) -> Int32 {
  guard let memory = unsafe Library.memory else { return ErrorNumber.invalid }
  do throws(Refusal) {
    // After the hand-over whatever is asked for comes to the same.
    if unsafe memory.pointee.isHandedOver { throw .memory(.handedOver) }
    let id = try unsafe node.id()
    let range = try unsafe AddressRange(start, byteCount, of: memory.pointee)
    try wrapping { () throws(BootMemoryError) in
      try unsafe memory.pointee.reserve(
        range, on: id, exclusively: flags & BOOTMEM_EXCLUSIVE != 0)
    }
    return 0
  } catch {
    switch error {
    case .memory(.alreadyReserved): return ErrorNumber.busy
    case .memory(.handedOver): return ErrorNumber.invalid
    default:
      Call(name, start, byteCount).refuse(error)
      return ErrorNumber.invalid
    }
  }
}

extension AddressRange {
  /// The range of these bytes; nil if it reaches beyond 64-bit addresses.
  @inline(__always)
  init?(_ start: UInt, _ byteCount: UInt) {
    self.init(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
  }
}

extension AddressRange {
  /// The same for a call that is refused if there is no such range.
  fileprivate init(
    _ start: UInt, _ byteCount: UInt, of memory: borrowing BootMemory
  ) throws(Refusal) {
    guard let range = AddressRange(start, byteCount) else {
      throw memory.isHandedOver ? .memory(.handedOver) : .beyondAddressSpace
    }
    self = range
  }
}
