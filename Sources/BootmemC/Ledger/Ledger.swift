// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
import MemoryMap
import PhysicalMemory
import TextOutput

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_set_ledger(
  _ storage: UnsafeMutablePointer<bootmem_entry>?, _ capacity: UInt
) -> Int32 {
  guard let ranges = unsafe LedgerState.storage(storage, capacity) else {
    return ErrorNumber.invalid
  }
  unsafe LedgerState.table.initialize(to: OwnerTable(storage: ranges))
  return 0
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_start_checking(
  _ storage: UnsafeMutablePointer<bootmem_entry>?, _ capacity: UInt
) -> Int32 {
  guard let freed = unsafe LedgerState.storage(storage, capacity) else {
    return ErrorNumber.invalid
  }
  unsafe LedgerState.startChecking(freed)
  return 0
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_label(
  _ start: UInt, _ size: UInt, _ name: UnsafePointer<CChar>?
) -> Int32 {
  let table = unsafe LedgerState.table
  guard let owner = unsafe MemoryOwner(name), size > 0, let range = AddressRange(start, size),
    unsafe table.pointee.capacity > 0
  else { return ErrorNumber.invalid }
  let before = unsafe table.pointee.leftOutCount
  unsafe table.pointee.note(OwnedRange(range: range, owner: owner))
  LedgerState.reportFull(since: before)
  return unsafe table.pointee.leftOutCount == before ? 0 : ErrorNumber.noSpace
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_unlabel(_ start: UInt, _ size: UInt) {
  guard let range = AddressRange(start, size) else { return }
  let before = unsafe LedgerState.table.pointee.leftOutCount
  unsafe LedgerState.table.pointee.remove(range)
  LedgerState.reportFull(since: before)
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_holder(_ pfn: UInt) -> UnsafePointer<CChar>? {
  guard case .named(let name)? = unsafe LedgerState.table.pointee.owner(of: PageFrame(UInt64(pfn)))
  else { return nil }
  return unsafe name.cString
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_name_of(_ physical: UInt) -> UnsafePointer<CChar>? {
  let address = PhysicalAddress(UInt64(physical))
  guard case .named(let name)? = unsafe LedgerState.table.pointee.owner(at: address) else {
    return nil
  }
  return unsafe name.cString
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_range_of(
  _ name: UnsafePointer<CChar>?, _ start: UnsafeMutablePointer<UInt>?,
  _ size: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let name = unsafe name else { return ErrorNumber.invalid }
  let sought = unsafe MemoryName(cString: name)
  let table = unsafe LedgerState.table
  for index in 0..<(unsafe table.pointee.count) {
    let held = unsafe table.pointee[index]
    guard case .named(let name) = held.owner, name == sought else { continue }
    unsafe start?.pointee = UInt(truncatingIfNeeded: held.range.start.rawValue)
    unsafe size?.pointee = UInt(truncatingIfNeeded: held.range.byteCount)
    return 0
  }
  return ErrorNumber.noEntry
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_reserve_as(
  _ start: UInt, _ size: UInt, _ flags: Int32, _ name: UnsafePointer<CChar>?
) -> Int32 {
  guard let owner = unsafe MemoryOwner(name) else { return ErrorNumber.invalid }
  guard let range = AddressRange(start, size) else { return reserve_bootmem(start, size, flags) }
  var calls = LibraryCalls()
  let before = unsafe LedgerState.table.pointee.leftOutCount
  do throws(BootMemoryError) {
    unsafe try calls.reserve(
      range, as: owner, exclusively: flags & BOOTMEM_EXCLUSIVE != 0,
      in: &LedgerState.table.pointee)
    LedgerState.reportFull(since: before)
    return 0
  } catch {
    guard case .alreadyReserved(let page) = error else { return ErrorNumber.invalid }
    var sink = LedgerState.sink
    sink.write("bootmem: page 0x", hexadecimal: page.number, " is reserved already")
    unsafe LedgerState.table.pointee.writeHolder(of: page, to: &sink)
    sink.write("\n")
    return ErrorNumber.busy
  }
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_allocate_as(
  _ request: UnsafePointer<bootmem_request>?, _ physical: UnsafeMutablePointer<UInt>?,
  _ name: UnsafePointer<CChar>?
) -> Int32 {
  let table = unsafe LedgerState.table
  guard let request = unsafe request, let physical = unsafe physical,
    let owner = unsafe MemoryOwner(name), unsafe table.pointee.capacity > 0
  else { return ErrorNumber.invalid }
  let parameters = unsafe request.pointee
  var calls = LibraryCalls(request: parameters)
  // All else of it the calls have from C's.
  var named = AllocationRequest(byteCount: UInt64(parameters.size), goal: .none)
  named.clearsMemory = parameters.flags & UInt32(BOOTMEM_NO_CLEAR) == 0
  let before = unsafe table.pointee.leftOutCount
  do throws(BootMemoryError) {
    let address = unsafe try calls.allocate(named, as: owner, in: &table.pointee)
    // Checks clear themselves what they can; without them it has been cleared.
    if named.clearsMemory, unsafe table.pointee.checks.isOn,
      unsafe calls.pointer(to: address) == nil
    {
      bootmem_clear_at_null(parameters.size)
    }
    LedgerState.reportFull(since: before)
    unsafe physical.pointee = UInt(address)
    return 0
  } catch {
    if case .outOfMemory = error { return ErrorNumber.outOfMemory }
    return ErrorNumber.invalid
  }
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_free_as(_ start: UInt, _ size: UInt) {
  guard let range = AddressRange(start, size) else { return free_bootmem(start, size) }
  var calls = LibraryCalls()
  let before = unsafe LedgerState.table.pointee.leftOutCount
  // The refusal has been reported.
  unsafe try? calls.free(range, in: &LedgerState.table.pointee)
  LedgerState.reportFull(since: before)
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_check_ledger() -> UInt {
  UInt(bitPattern: unsafe LibraryCalls().checkMemory(in: &LedgerState.table.pointee))
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_print_ledger() {
  var sink = LedgerState.sink
  unsafe LedgerState.table.pointee.writeReport(to: &sink)
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_release_as(_ name: UnsafePointer<CChar>?) -> UInt {
  let memory = unsafe LedgerState.memory
  guard let owner = unsafe MemoryOwner(name), unsafe memory.pointee.isHandedOver else { return 0 }
  var pageCount: UInt64 = 0
  do throws(BootMemoryError) {
    unsafe try LedgerState.table.pointee.release(
      owner, below: .end, firstUsable: { unsafe memory.pointee.firstPagesOfANode(in: $0) }
    ) { pages throws(BootMemoryError) in
      guard let range = AddressRange(pages) else { throw .handedOver }
      pageCount += try LibraryCalls().releaseLate(range) { _ in }
    }
  } catch {
    // It has been reported; what was released by then counts.
  }
  return UInt(truncatingIfNeeded: pageCount)
}

extension BootMemory {
  /// The first pages of a window that lie in a node.
  fileprivate func firstPagesOfANode(in window: PageRange) -> PageRange? {
    var next = unsafe firstNode
    while let node = unsafe next {
      if let part = unsafe node.pointee.span.intersection(window) { return part }
      unsafe next = node.pointee.next
    }
    return nil
  }
}

extension MemoryOwner {
  /// The owner that C calls so; nil for NULL.
  fileprivate init?(_ name: UnsafePointer<CChar>?) {
    guard let name = unsafe name else { return nil }
    self = unsafe .named(MemoryName(cString: name))
  }
}

extension AddressRange {
  /// The range of these bytes; nil where it reaches beyond this machine's addresses.
  fileprivate init?(_ start: UInt, _ byteCount: UInt) {
    guard byteCount == 0 || start &+ (byteCount &- 1) >= start else { return nil }
    self.init(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
  }
}
