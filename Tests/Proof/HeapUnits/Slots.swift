// SPDX-License-Identifier: MIT

// The heap's bitmap of the slots of a page, as functions that `scripts/prove` can call.  They are compiled
// with that module, as a part of it.

/// Makes an entry of the index for a page of a class, and returns its size; 0 if there is no such class.
@c func unit_heap_page_make(
  _ entry: UnsafeMutableRawPointer, _ address: UInt, _ sizeClass: UInt
) -> UInt {
  guard sizeClass < UInt(SizeClass.count) else { return 0 }
  unsafe entry.assumingMemoryBound(to: HeapPage.self).initialize(
    to: HeapPage(at: address, of: SizeClass(index: Int(sizeClass))))
  return unsafe UInt(HeapPage.stride)
}

@c func unit_heap_slot(_ entry: UnsafeMutableRawPointer, _ offset: UInt) -> UInt {
  unsafe entry.assumingMemoryBound(to: HeapPage.self).slot(at: offset)
}

@c func unit_heap_is_taken(_ entry: UnsafeMutableRawPointer, _ slot: UInt) -> Int32 {
  unsafe entry.assumingMemoryBound(to: HeapPage.self).isTaken(slot) ? 1 : 0
}

@c func unit_heap_take(_ entry: UnsafeMutableRawPointer) -> UInt {
  unsafe entry.assumingMemoryBound(to: HeapPage.self).takeSlot()
}

@c func unit_heap_release(_ entry: UnsafeMutableRawPointer, _ slot: UInt) -> Int32 {
  unsafe entry.assumingMemoryBound(to: HeapPage.self).releaseSlot(slot) ? 1 : 0
}

@c func unit_heap_clear(_ entry: UnsafeMutableRawPointer) {
  unsafe entry.assumingMemoryBound(to: HeapPage.self).clearBitmap()
}
