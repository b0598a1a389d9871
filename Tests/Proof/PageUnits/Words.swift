// SPDX-License-Identifier: MIT
import PageBitmap

// What the page allocator does with a word of pages, as functions that `scripts/prove` can call.  They are
// compiled with that module, as a part of it.

/// What is returned for nil.
private var nothing: UInt { .max }

// ---- Blocks in a word ----

@c func unit_block_multiples(_ order: UInt) -> UInt { UInt.multiples(ofOrder: order) }

@c func unit_blocks(_ word: UInt, _ order: UInt) -> UInt { word.blocks(ofOrder: order) }

@c func unit_unpaired_blocks(_ word: UInt, _ order: UInt) -> UInt {
  word.unpairedBlocks(ofOrder: order)
}

@c func unit_lowest_block(_ word: UInt, _ order: UInt) -> UInt {
  word.lowestBlock(ofOrder: order) ?? nothing
}

@c func unit_block_state(_ word: UInt) -> UInt { word.state }

// ---- Head bits, and the states of words ----

@c func unit_is_page(_ free: UInt, _ heads: UInt, _ place: UInt) -> Int32 {
  PageTree.isPage(free: free, heads: heads, at: place) ? 1 : 0
}

@c func unit_words_with_state(_ state: UInt, _ low: UInt, _ middle: UInt, _ high: UInt) -> UInt {
  PageTree.words(withState: state, in: (low, middle, high))
}

// ---- The word from which single pages come ----

@c func unit_tree_make(_ place: UnsafeMutableRawPointer) -> UInt {
  unsafe place.initializeMemory(as: PageTree.self, to: PageTree())
  return UInt(MemoryLayout<PageTree>.size)
}

@c func unit_take_owned(_ place: UnsafeMutableRawPointer, _ end: UInt) -> UInt {
  unsafe place.assumingMemoryBound(to: PageTree.self).pointee.allocateOwned(below: end) ?? nothing
}

@c func unit_free_owned(_ place: UnsafeMutableRawPointer, _ number: UInt) -> Int32 {
  unsafe place.assumingMemoryBound(to: PageTree.self).pointee.freeOwned(number) ? 1 : 0
}
