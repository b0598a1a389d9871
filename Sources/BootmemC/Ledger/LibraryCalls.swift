// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
import PhysicalMemory

/// Boot memory by the functions of `bootmem.h`, some of which may be the kernel's own.
///
/// They have told of a refusal already, by `platform.fault` or their result: the errors here say no more
/// than that nothing has changed, but for ``BootMemoryError/outOfMemory(byteCount:)`` and
/// ``BootMemoryError/alreadyReserved(_:)``.
struct LibraryCalls: NamedAllocating {
  /// What an allocation asks for beside its size and whether it is cleared.
  var request = bootmem_request()

  func allocate(_ request: AllocationRequest) throws(BootMemoryError) -> PhysicalAddress {
    var parameters = self.request
    // It was a size of C's, or is that and a few bytes of less than a page.
    parameters.size = UInt(truncatingIfNeeded: request.byteCount)
    if !request.clearsMemory { parameters.flags |= UInt32(BOOTMEM_NO_CLEAR) }
    var address: UInt = 0
    switch unsafe bootmem_allocate(&parameters, &address) {
    case 0: return PhysicalAddress(UInt64(address))
    case ErrorNumber.outOfMemory: throw .outOfMemory(byteCount: request.byteCount)
    default: throw .handedOver
    }
  }

  func free(_ range: AddressRange, on node: NodeID?) throws(BootMemoryError) {
    let first = range.wholePages.map { UInt(truncatingIfNeeded: $0.start.number) }
    let wasReserved = first.map { bootmem_is_reserved($0) == 1 }
    free_bootmem(UInt(range.start), UInt(truncatingIfNeeded: range.byteCount))
    guard let first, let wasReserved else { return }
    // A free is made as a whole or not at all: the first page shows which.
    if !wasReserved || bootmem_is_reserved(first) != 0 { throw .handedOver }
  }

  func reserve(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    let flags = exclusively ? BOOTMEM_EXCLUSIVE : BOOTMEM_DEFAULT
    switch reserve_bootmem(
      UInt(range.start), UInt(truncatingIfNeeded: range.byteCount), Int32(flags))
    {
    case 0: return
    case ErrorNumber.busy:
      let pages = range.touchedPages
      var page = pages.start
      // One of them is in the way.
      while page < pages.end, bootmem_is_reserved(UInt(truncatingIfNeeded: page.number)) != 1 {
        page = PageFrame(page.number &+ 1)
      }
      throw .alreadyReserved(page)
    default: throw .handedOver
    }
  }

  /// The blocks go to `platform.release_pages`.
  func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    UInt64(free_all_bootmem())
  }

  /// The pages go to who has the memory by then: `platform.release_pages`, or the page allocator.
  func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard let pages = range.wholePages else { return 0 }
    guard let size = UInt(exactly: range.byteCount) else { throw .handedOver }
    let state = unsafe bootmem_state_pointer().unsafelyUnwrapped
    if let release = unsafe state.pointee.release_kept {
      if release(UInt(range.start), size, false) != 0 { throw .handedOver }
    } else {
      free_bootmem_late(UInt(range.start), size)
    }
    return pages.pageCount
  }

  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    // Wraps around, as the header says.
    return unsafe UnsafeMutableRawPointer(
      bitPattern: UInt(address) &+ platform.pointee.direct_map_offset)
  }
}

extension UInt {
  /// An address of this machine.
  init(_ address: PhysicalAddress) { self.init(truncatingIfNeeded: address.rawValue) }
}

/// Linux's error numbers.
enum ErrorNumber {
  static var noEntry: Int32 { -2 }
  static var outOfMemory: Int32 { -12 }
  static var busy: Int32 { -16 }
  static var invalid: Int32 { -22 }
  static var noSpace: Int32 { -28 }
}
