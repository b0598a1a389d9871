// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Pages that are taken in advance for something that must not fail in the middle; the first word
/// of each has the address of the next.
@safe struct SparePages {
  let directMapOffset: UInt
  private var first: UInt = 0

  init(directMapOffset: UInt) {
    self.directMapOffset = directMapOffset
  }

  /// Takes `count` pages, or none if there are fewer; those that the source then refuses to take
  /// back are counted.
  ///
  /// - Complexity: O(count).
  mutating func take(
    _ count: UInt64, below limit: PageFrame, countingRefused refusedCount: inout UInt64,
    from source: inout some HeapPageSource & ~Copyable
  ) -> Bool {
    for _ in 0..<count {
      guard
        let page = source.takeHeapPages(
          1, alignedTo: 1, below: limit, directMapOffset: directMapOffset),
        let pointer = unsafe page.start.pointer(directMapOffset: directMapOffset)
      else {
        giveBack(to: &source, countingRefused: &refusedCount)
        return false
      }
      unsafe pointer.storeBytes(of: first, as: UInt.self)
      first = UInt(bitPattern: pointer)
    }
    return true
  }

  /// Removes one of the pages, which has any content, and returns its address; there must be one.
  mutating func next() -> UInt {
    let page = first
    // Not 0, as there is one.
    let pointer = unsafe UnsafeMutablePointer<UInt>(bitPattern: page).unsafelyUnwrapped
    first = unsafe pointer.pointee
    return page
  }

  // Not inlined, as its frame would be one more of those on the way to the page allocator.
  @inline(never)
  private mutating func giveBack(
    to source: inout some HeapPageSource & ~Copyable, countingRefused refusedCount: inout UInt64
  ) {
    while first != 0 {
      let address = PhysicalAddress(UInt64(next() &- directMapOffset))
      if let page = PageRange(start: address.pageFrame, pageCount: 1) {
        _ = source.takeBack(page, countingRefused: &refusedCount)
      }
    }
  }
}

extension HeapPageSource where Self: ~Copyable {
  /// Takes pages that a pointer can point to.
  ///
  /// A page at the nil pointer stays taken and unused, so that no later call gets it; those after
  /// it go back.
  mutating func takeHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame,
    directMapOffset: UInt
  ) -> PageRange? {
    guard let pages = allocateHeapPages(pageCount, alignedTo: alignment, below: limit) else {
      return nil
    }
    if pages.start.address(directMapOffset: directMapOffset) != 0 { return pages }
    return takeOtherHeapPages(than: pages, alignedTo: alignment, below: limit)
  }

  /// Takes as many other pages while these, which begin at the nil pointer, are held.
  @inline(never)
  private mutating func takeOtherHeapPages(
    than pages: PageRange, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    let others = allocateHeapPages(pages.pageCount, alignedTo: alignment, below: limit)
    // A source that cannot shrink them gets all of them back.
    if pages.pageCount > 1, !resizeHeapPages(pages, toPageCount: 1, below: limit) {
      _ = freeHeapPages(pages)
    }
    return others
  }
}

extension PageFrame {
  /// The address of a pointer to the page's first byte; 0 for the nil pointer.
  @inline(__always)
  func address(directMapOffset: UInt) -> UInt {
    // Wrapping around is how a direct map may lie below the addresses that it maps; page frames end
    // where addresses do.
    UInt(truncatingIfNeeded: number << PageFrame.byteCountShift) &+ directMapOffset
  }

  /// A pointer to the page's first byte; nil where that is the nil pointer.
  func pointer(directMapOffset: UInt) -> UnsafeMutableRawPointer? {
    unsafe UnsafeMutableRawPointer(bitPattern: address(directMapOffset: directMapOffset))
  }
}
