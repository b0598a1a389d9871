// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

// The bitmap's operations as functions that `scripts/prove` can call.  A bitmap is given by its place.

@inline(__always)
private func bitmap(_ place: UnsafeMutableRawPointer) -> UnsafeMutablePointer<PageBitmap> {
  unsafe place.assumingMemoryBound(to: PageBitmap.self)
}

/// What is returned for nil.
private var nothing: UInt { .max }

@c func unit_bitmap_size() -> UInt { UInt(MemoryLayout<PageBitmap>.size) }

@c func unit_bitmap_memory_size(_ pageCount: UInt) -> UInt {
  PageBitmap.byteCount(forPageCount: pageCount)
}

@c func unit_bitmap_reset(
  _ place: UnsafeMutableRawPointer, _ start: UInt, _ end: UInt, _ memory: UnsafeMutableRawPointer
) {
  unsafe bitmap(place).initialize(to: PageBitmap())
  unsafe bitmap(place).pointee.reset(for: start..<end, memory: memory)
}

@c func unit_bitmap_set(
  _ place: UnsafeMutableRawPointer, _ start: UInt, _ end: UInt, _ free: Int32
) {
  unsafe bitmap(place).pointee.set(from: start, to: end, free: free != 0)
}

@c func unit_bitmap_seek(_ place: UnsafeMutableRawPointer, _ page: UInt) {
  unsafe bitmap(place).pointee.seek(page)
}

@c func unit_bitmap_flip_at_cursor(
  _ place: UnsafeMutableRawPointer, _ first: UInt, _ last: UInt, _ free: Int32
) -> Int32 {
  unsafe bitmap(place).pointee.flipAtCursor(from: first, through: last, free: free != 0) ? 1 : 0
}

@c func unit_bitmap_reserve_at_cursor(_ place: UnsafeMutableRawPointer, _ page: UInt) {
  unsafe bitmap(place).pointee.reserveAtCursor(page)
}

@c func unit_bitmap_first_free_at_cursor(
  _ place: UnsafeMutableRawPointer, _ page: UInt
) -> UInt {
  unsafe bitmap(place).pointee.cursor.firstFree(from: page) ?? nothing
}

@c func unit_bitmap_is_reserved(
  _ place: UnsafeMutableRawPointer, _ start: UInt, _ end: UInt
) -> Int32 {
  unsafe bitmap(place).pointee.isReserved(from: start, to: end) ? 1 : 0
}

@c func unit_bitmap_is_free(_ place: UnsafeMutableRawPointer, _ bit: UInt) -> Int32 {
  unsafe bitmap(place).pointee.isFree(bit) ? 1 : 0
}

@c func unit_bitmap_word(_ place: UnsafeMutableRawPointer, _ index: UInt) -> UInt {
  unsafe bitmap(place).pointee.word(index)
}

@c func unit_bitmap_first_free(
  _ place: UnsafeMutableRawPointer, _ start: UInt, _ end: UInt
) -> UInt {
  unsafe bitmap(place).pointee.firstFree(from: start, below: end) ?? nothing
}

@c func unit_bitmap_first_reserved(
  _ place: UnsafeMutableRawPointer, _ start: UInt, _ end: UInt
) -> UInt {
  unsafe bitmap(place).pointee.firstReserved(from: start, below: end) ?? nothing
}

@c func unit_bitmap_first_run(
  _ place: UnsafeMutableRawPointer, _ length: UInt, _ step: UInt, _ start: UInt, _ end: UInt
) -> UInt {
  unsafe bitmap(place).pointee.firstRun(
    ofLength: length, alignedTo: step, from: start, below: end) ?? nothing
}

@c func unit_bitmap_aligned(
  _ place: UnsafeMutableRawPointer, _ bit: UInt, _ step: UInt
) -> UInt {
  unsafe bitmap(place).pointee.aligned(bit, to: step)
}

// ---- Words ----

@c func unit_word_state(_ word: UInt) -> UInt { PageState(of: word).bits }

@c func unit_word_has_full_byte(_ word: UInt) -> Int32 { word.hasFullByte ? 1 : 0 }

@c func unit_word_run_starts(_ word: UInt, _ length: UInt) -> UInt {
  word.runStarts(ofLength: length)
}

@c func unit_word_ones_every(_ step: UInt) -> UInt { UInt.ones(every: step) }

@c func unit_word_ones_from(_ bit: UInt) -> UInt { UInt.ones(from: bit) }

@c func unit_word_ones_up_to(_ bit: UInt) -> UInt { UInt.ones(upTo: bit) }

@c func unit_word_ones_above(_ bit: UInt) -> UInt { UInt.ones(above: bit) }

@c func unit_word_ones_below(_ bit: UInt) -> UInt { UInt.ones(below: bit) }

@c func unit_word_ones_except(_ bit: UInt) -> UInt { UInt.ones(except: bit) }

@c func unit_word_ones_counted(_ bit: UInt, _ count: UInt) -> UInt {
  UInt.ones(from: bit, count: count)
}
