// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
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
  unsafe LedgerState.ledger.initialize(to: Ledger(storage: ranges))
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
  let ledger = unsafe LedgerState.ledger
  guard let name = unsafe CName(name), size > 0, start &+ (size &- 1) >= start,
    unsafe ledger.pointee.held.hasStorage
  else { return ErrorNumber.invalid }
  let before = unsafe ledger.pointee.held.leftOutCount
  unsafe ledger.pointee.note(
    NamedEntry(
      first: start, last: start &+ (size &- 1), owner: name, isAllocated: true,
      isNeededOnlyDuringBoot: false, redZoneByteCount: 0))
  LedgerState.reportFull()
  return unsafe ledger.pointee.held.leftOutCount == before ? 0 : ErrorNumber.noSpace
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_unlabel(_ start: UInt, _ size: UInt) {
  guard let range = AddressRange(start, size) else { return }
  unsafe LedgerState.ledger.pointee.remove(range)
  LedgerState.reportFull()
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_holder(_ pfn: UInt) -> UnsafePointer<CChar>? {
  unsafe LedgerState.ledger.pointee.held.first(holding: PageFrame(UInt64(pfn)))?.owner.text
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_name_of(_ physical: UInt) -> UnsafePointer<CChar>? {
  unsafe LedgerState.ledger.pointee.held.first(holding: physical)?.owner.text
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_range_of(
  _ name: UnsafePointer<CChar>?, _ start: UnsafeMutablePointer<UInt>?,
  _ size: UnsafeMutablePointer<UInt>?
) -> Int32 {
  guard let name = unsafe CName(name) else { return ErrorNumber.invalid }
  guard let held = unsafe LedgerState.ledger.pointee.held.first(of: name) else {
    return ErrorNumber.noEntry
  }
  unsafe start?.pointee = held.first
  unsafe size?.pointee = held.last &- held.first &+ 1
  return 0
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_reserve_as(
  _ start: UInt, _ size: UInt, _ flags: Int32, _ name: UnsafePointer<CChar>?
) -> Int32 {
  guard let name = unsafe CName(name) else { return ErrorNumber.invalid }
  let ledger = unsafe LedgerState.ledger
  let result = reserve_bootmem(start, size, flags & BOOTMEM_EXCLUSIVE)
  if result == 0 {
    unsafe ledger.pointee.noteReserved(start, size, as: name, neededOnlyDuringBoot: false)
    LedgerState.reportFull()
  }
  if result == ErrorNumber.busy {
    var page = start &>> PageFrame.byteCountShift
    let last = (start &+ (size &- 1)) &>> PageFrame.byteCountShift
    // One of the pages is reserved already; this finds the first.
    while page < last, bootmem_is_reserved(page) != 1 { page &+= 1 }
    var sink = LedgerState.sink
    sink.write("bootmem: page 0x", hexadecimal: UInt64(page), " is reserved already")
    unsafe ledger.pointee.writeHolder(of: PageFrame(UInt64(page)), to: &sink)
    sink.write("\n")
  }
  return result
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_allocate_as(
  _ request: UnsafePointer<bootmem_request>?, _ physical: UnsafeMutablePointer<UInt>?,
  _ name: UnsafePointer<CChar>?
) -> Int32 {
  let ledger = unsafe LedgerState.ledger
  guard let request = unsafe request, let physical = unsafe physical,
    let name = unsafe CName(name), unsafe ledger.pointee.held.hasStorage
  else { return ErrorNumber.invalid }
  var asked = unsafe request.pointee
  let (size, keepsContents) = (asked.size, asked.flags & UInt32(BOOTMEM_NO_CLEAR))
  asked.flags &= ~UInt32(BOOTMEM_NO_CLEAR)
  let flags = asked.flags
  var memory = DirectMap()
  do throws(ErrorNumber) {
    let address = unsafe try ledger.pointee.allocate(
      size, clearing: keepsContents == 0, as: name, neededOnlyDuringBoot: false, in: &memory
    ) { _, byteCount, clearing throws(ErrorNumber) in
      asked.size = byteCount
      asked.flags = clearing ? flags : flags | UInt32(BOOTMEM_NO_CLEAR)
      var address: UInt = 0
      let result = unsafe bootmem_allocate(&asked, &address)
      if result != 0 { throw ErrorNumber(rawValue: result) }
      return address
    }
    // A checking ledger clears what it can itself; without checks, the allocation has cleared it.
    if keepsContents == 0, unsafe ledger.pointee.isChecking,
      unsafe memory.pointer(to: PhysicalAddress(UInt64(address))) == nil
    {
      bootmem_clear_at_null(size)
    }
    LedgerState.reportFull()
    unsafe physical.pointee = address
    return 0
  } catch {
    return error.rawValue
  }
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_free_as(_ start: UInt, _ size: UInt) {
  let pages = AddressRange(start, size)?.wholePages
  let first = UInt(truncatingIfNeeded: pages?.start.number ?? 0)
  let wasReserved = bootmem_is_reserved(first) == 1
  free_bootmem(start, size)
  // A free is made as a whole or not at all: the first page shows which.
  guard let pages, wasReserved, bootmem_is_reserved(first) == 0 else { return }
  unsafe LedgerState.ledger.pointee.noteFreed(pages, in: DirectMap())
  LedgerState.reportFull()
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_check_ledger() -> UInt {
  UInt(bitPattern: unsafe LedgerState.ledger.pointee.checkMemory(in: DirectMap()))
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_print_ledger() {
  var sink = LedgerState.sink
  unsafe LedgerState.ledger.pointee.writeReport(to: &sink)
}

/// See bootmem_ledger.h.
@c @implementation
public func bootmem_release_as(_ name: UnsafePointer<CChar>?) -> UInt {
  let memory = unsafe LedgerState.memory
  guard let name = unsafe CName(name), unsafe memory.pointee.isHandedOver else { return 0 }
  var pageCount: UInt = 0
  do throws(ErrorNumber) {
    unsafe try LedgerState.ledger.pointee.release(
      name, below: .max, firstUsable: { unsafe memory.pointee.firstPagesOfANode(in: $0) }
    ) { pages throws(ErrorNumber) in
      let start = pages.lowerBound &<< PageFrame.byteCountShift
      // The pages of a node have no more bytes than there are addresses.
      let size = UInt(bitPattern: pages.count) &<< PageFrame.byteCountShift
      let state = unsafe bootmem_state_pointer().unsafelyUnwrapped
      if let release = unsafe state.pointee.release_kept {
        let result = release(start, size, false)
        if result != 0 { throw ErrorNumber(rawValue: result) }
      } else {
        free_bootmem_late(start, size)
      }
      pageCount &+= UInt(bitPattern: pages.count)
    }
  } catch {
    // It has been reported; what was released by then counts.
  }
  return pageCount
}

extension BootMemory {
  /// The first pages of a window that lie in a node, by their numbers.
  fileprivate func firstPagesOfANode(in window: Range<UInt>) -> Range<UInt>? {
    var next = unsafe firstNode
    while let node = unsafe next {
      let part = unsafe Range(node.pointee.span).clamped(to: window)
      if !part.isEmpty { return part }
      unsafe next = node.pointee.next
    }
    return nil
  }
}

extension AddressRange {
  /// The range of these bytes; nil where it reaches beyond this machine's addresses.
  fileprivate init?(_ start: UInt, _ byteCount: UInt) {
    guard byteCount == 0 || start &+ (byteCount &- 1) >= start else { return nil }
    self.init(start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount))
  }
}
