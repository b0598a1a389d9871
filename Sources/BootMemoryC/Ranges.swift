import BootMemory
import CBootMemory
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func free_bootmem(_ physaddr: UInt, _ size: UInt) {
  if let memory = unsafe Library.shortcutMemory, let range = AddressRange(physaddr, size),
    unsafe memory.pointee.freeInWord(range)
  {
    return
  }
  freeTheLongWay(physaddr, size)
}

@inline(never)
private func freeTheLongWay(_ physaddr: UInt, _ size: UInt) {
  guard let memory = unsafe Library.memory else { return }
  do throws(Refusal) {
    try unsafe free(memory, physaddr, size, on: nil)
  } catch {
    freeFailed(Call("free_bootmem", physaddr, size), error)
  }
}

/// See bootmem.h.
@c @implementation
public func free_bootmem_node(_ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt) {
  guard let memory = unsafe Library.memory else { return }
  do throws(Refusal) {
    try unsafe free(memory, physaddr, size, on: NodeID(pgdat))
  } catch {
    freeFailed(Call("free_bootmem_node", physaddr, size), error)
  }
}

@inline(__always)
private func free(
  _ memory: UnsafeMutablePointer<BootMemory>, _ start: UInt, _ byteCount: UInt, on node: NodeID?
) throws(Refusal) {
  guard let range = AddressRange(start, byteCount) else {
    throw unsafe memory.pointee.isHandedOver ? .memory(.handedOver) : .beyondAddressSpace
  }
  try wrapping { () throws(BootMemoryError) in try unsafe memory.pointee.free(range, on: node) }
}

private func freeFailed(_ call: Call, _ refusal: Refusal) {
  // Linux's free after the hand-over does nothing; here at least it says so.
  if case .memory(.handedOver) = refusal {
    call.report(refusal)
  } else {
    call.fault(refusal)
  }
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem(_ addr: UInt, _ size: UInt, _ flags: Int32) -> Int32 {
  if let memory = unsafe Library.shortcutMemory, let range = AddressRange(addr, size),
    unsafe memory.pointee.reserveInWord(range)
  {
    return 0
  }
  return reserveTheLongWay(addr, size, flags)
}

@inline(never)
private func reserveTheLongWay(_ addr: UInt, _ size: UInt, _ flags: Int32) -> Int32 {
  guard let memory = unsafe Library.memory else { return ErrorNumber.invalid }
  do throws(Refusal) {
    try unsafe reserve(memory, addr, size, flags, on: nil)
    return 0
  } catch {
    return reserveFailed(Call("reserve_bootmem", addr, size), error)
  }
}

/// See bootmem.h.
@c @implementation
public func reserve_bootmem_node(
  _ pgdat: OpaquePointer?, _ physaddr: UInt, _ size: UInt, _ flags: Int32
) -> Int32 {
  guard let memory = unsafe Library.memory else { return ErrorNumber.invalid }
  do throws(Refusal) {
    try unsafe reserve(memory, physaddr, size, flags, on: NodeID(pgdat))
    return 0
  } catch {
    return reserveFailed(Call("reserve_bootmem_node", physaddr, size), error)
  }
}

@inline(__always)
private func reserve(
  _ memory: UnsafeMutablePointer<BootMemory>, _ start: UInt, _ byteCount: UInt, _ flags: Int32,
  on node: NodeID?
) throws(Refusal) {
  guard let range = AddressRange(start, byteCount) else {
    throw unsafe memory.pointee.isHandedOver ? .memory(.handedOver) : .beyondAddressSpace
  }
  let exclusively = flags & BOOTMEM_EXCLUSIVE != 0
  try wrapping { () throws(BootMemoryError) in
    try unsafe memory.pointee.reserve(range, on: node, exclusively: exclusively)
  }
}

private func reserveFailed(_ call: Call, _ refusal: Refusal) -> Int32 {
  switch refusal {
  case .memory(.alreadyReserved): return ErrorNumber.busy
  case .memory(.handedOver): return ErrorNumber.invalid
  default:
    call.fault(refusal)
    return ErrorNumber.invalid
  }
}

extension AddressRange {
  /// The range of these bytes; nil if it reaches beyond 64-bit addresses.
  @inline(__always)
  init?(_ start: UInt, _ byteCount: UInt) {
    self.init(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
  }
}
