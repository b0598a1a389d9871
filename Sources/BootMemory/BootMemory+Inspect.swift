import PhysicalMemory

/// Looking at the memory without changing it.
extension BootMemory {
  /// Whether a page is reserved; nil for a page that lies in no node.
  ///
  /// - Complexity: O(levels + nodes).
  public func isReserved(_ page: PageFrame) -> Bool? {
    guard let node = unsafe node(containing: page, from: firstNode) else { return nil }
    let bit = unsafe node.pointee.bit(of: page)
    return unsafe !node.pointee.bitmap.word(bit &>> BitmapWord.bitShift)
      .isOne(at: bit & (BitmapWord.bitCount - 1))
  }

  /// The first run of free pages of a node at or above `page`; nil if there is none.
  ///
  /// - Complexity: O(levels).
  public func nextFreeRun(on id: NodeID, from page: PageFrame = PageFrame(0)) -> PageRange? {
    guard let node = unsafe try? pointer(to: id) else { return nil }
    guard unsafe page < node.pointee.span.end else { return nil }
    let start = unsafe max(page, node.pointee.span.start)
    let end = unsafe node.pointee.bitmap.bitCount
    let firstBit = unsafe node.pointee.bitmap.firstFree(
      from: node.pointee.bit(of: start), below: end)
    guard let firstBit else { return nil }
    let endBit = unsafe node.pointee.bitmap.firstReserved(from: firstBit, below: end) ?? end
    return unsafe PageRange(
      start: node.pointee.page(ofBit: firstBit), end: node.pointee.page(ofBit: endBit))
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

  /// Word `index` of a node's bitmap as Linux has it: bit i stands for page start + index × width
  /// + i, 1 is reserved; so are bits behind the node's end.
  ///
  /// - Complexity: O(levels).
  public func bitmapWord(_ index: UInt, of id: NodeID) -> UInt {
    guard let node = unsafe try? pointer(to: id) else { return .max }
    // A word of Linux's begins at the node's start, one of ours at a multiple of its width; the
    // words may also differ in width.
    var free: UInt = 0
    let width = UInt(UInt.bitWidth)
    let (firstPage, overflow) = index.multipliedReportingOverflow(by: width)
    guard !overflow, firstPage < (unsafe node.pointee.span.pageCount) else { return .max }
    let firstBit = unsafe node.pointee.bit(of: node.pointee.span.start) + firstPage
    var taken: UInt = 0
    while taken < width, unsafe firstBit + taken < node.pointee.bitmap.bitCount {
      let bit = firstBit + taken
      let offset = bit & (BitmapWord.bitCount - 1)
      let word = unsafe node.pointee.bitmap.word(bit >> BitmapWord.bitShift)
      free |= UInt(word >> BitmapWord(offset)) << taken
      taken += BitmapWord.bitCount - offset
    }
    return ~free
  }
}
