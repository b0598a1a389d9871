// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func free_all_bootmem() -> UInt {
  let memory = unsafe LibraryState.memory
  let maximumOrder = unsafe Int(LibraryState.platform.pointee.max_order)
  do {
    return UInt(try unsafe memory.pointee.handOver(maximumOrder: maximumOrder, release))
  } catch {
    // The order was checked by `bootmem_setup`.
    return 0
  }
}

/// See bootmem.h.
@c @implementation
public func free_bootmem_late(_ physaddr: UInt, _ size: UInt) {
  let state = unsafe bootmem_state_pointer().unsafelyUnwrapped
  if let release = unsafe state.pointee.release_kept {
    _ = release(physaddr, size, true)
    return
  }
  do throws(Refusal) {
    let range = try AddressRange(physaddr, size)
    try wrapping { () throws(BootMemoryError) in
      _ = try unsafe LibraryState.memory.pointee.releaseLate(range, release)
    }
  } catch {
    Call("free_bootmem_late", physaddr, size).refuse(error)
  }
}

private func release(_ block: PageBlock) {
  let platform = unsafe LibraryState.platform
  guard let release = unsafe platform.pointee.release_pages else { return }
  // Page frame numbers of this machine fit its words, orders and node numbers are small.
  unsafe release(
    platform.pointee.context, UInt(truncatingIfNeeded: block.first.number),
    UInt32(truncatingIfNeeded: block.order), Int32(truncatingIfNeeded: block.node.rawValue))
}
