// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Looking at the memory without changing it.
extension BootMemory {
  /// Whether a page is reserved; nil for a page that lies in no node.
  ///
  /// - Complexity: O(levels + nodes).
  public func isReserved(_ page: PageFrame) -> Bool? {
    guard let number = PageNumber(exactly: page.number),
      let node = unsafe node(containing: number, from: firstNode)
    else { return nil }
    return unsafe !node.pointee.bitmap.isFree(node.pointee.bit(of: number))
  }

  /// The first run of free pages of a node at or above `page`; nil if there is none.
  ///
  /// - Complexity: O(levels).
  public func nextFreeRun(on id: NodeID, from page: PageFrame = PageFrame(0)) -> PageRange? {
    guard let node = unsafe storage(of: id) else { return nil }
    let pages = unsafe node.pointee.pages
    let begin = max(PageNumber(clamping: page.number), pages.lowerBound)
    guard begin < pages.upperBound,
      let start = unsafe node.pointee.firstFree(in: begin..<pages.upperBound)
    else { return nil }
    let end = unsafe node.pointee.firstReserved(in: start..<pages.upperBound)
    return PageRange(numbers: start..<(end ?? pages.upperBound))
  }

  /// The number of free pages of a node.
  ///
  /// - Complexity: O(runs of free pages).
  public func freePageCount(on id: NodeID) -> UInt64 {
    var count: UInt64 = 0
    var run = nextFreeRun(on: id)
    while let found = run {
      count += found.pageCount
      run = nextFreeRun(on: id, from: found.end)
    }
    return count
  }

  /// The part of `pages` that holds a bitmap of any node, the lowest if there are several; nil if
  /// none.
  ///
  /// - Complexity: O(nodes).
  public func bitmapPages(overlapping pages: PageRange) -> PageRange? {
    let window =
      PageNumber(clamping: pages.start.number)..<PageNumber(clamping: pages.end.number)
    var lowest = window.upperBound..<window.upperBound
    var next = unsafe firstNode
    while let node = unsafe next {
      let part = unsafe Range(node.pointee.bitmapPages).clamped(to: window)
      if !part.isEmpty, part.lowerBound < lowest.lowerBound { lowest = part }
      unsafe next = node.pointee.next
    }
    return lowest.isEmpty ? nil : PageRange(numbers: lowest)
  }

  /// Word `index` of a node's bitmap in the form that Linux has: bit i stands for page start +
  /// index × width + i; 1 means reserved, and bits beyond the node's end are 1.
  ///
  /// - Complexity: O(levels).
  package func bitmapWord(_ index: UInt, of id: NodeID) -> UInt {
    guard let node = unsafe storage(of: id) else { return .max }
    let pages = unsafe node.pointee.pages
    let (offset, overflow) = index.multipliedReportingOverflow(by: UInt(UInt.bitWidth))
    guard !overflow, offset < pages.upperBound - pages.lowerBound else { return .max }
    // Linux's words begin at the node's start, ours at a multiple of their width; the words may
    // also differ in width.
    var bit = unsafe node.pointee.bit(of: pages.lowerBound) + offset
    var free: UInt = 0
    var taken: UInt = 0
    while taken < UInt(UInt.bitWidth), unsafe bit < node.pointee.bitmap.bitCount {
      let offset = bit & PageBitmap.bitMask
      let word = unsafe node.pointee.bitmap.word(bit >> BitmapWord.bitShift)
      free |= UInt(word >> BitmapWord(offset)) << taken
      taken += BitmapWord.bitCount - offset
      bit += BitmapWord.bitCount - offset
    }
    return ~free
  }
}
