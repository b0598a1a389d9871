// SPDX-License-Identifier: MIT
import HeapModels
import KernelHeap
import PhysicalMemory
import Testing
import TraceReplay

/// The index of a heap's pages, by what a heap does.
@Suite struct HeapIndexTests {
  /// The first page number that an index of one level does not reach: leaves have 64 entries, pages
  /// above them a word of 8 bytes for each leaf.
  static let border = 64 * PageFrame.byteCount / 8

  // pages     ..border | border..
  // height        1    |    2
  @Test(arguments: [false, true], [false, true])
  func aPageBeyondItsReach_makesItHigher_whileOthersAreInUse(
    handedOver: Bool, lowestFirst: Bool
  ) throws {
    var machine = HeapMachine(pageCount: 256, from: Self.border - 128)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    let size = Int(PageFrame.byteCount)
    var pointers: [UInt] = []
    for _ in 0..<240 { pointers.append(try machine.allocate(size, alignment: size)) }
    let numbers = pointers.map { UInt64(machine.physicalAddress($0)) / PageFrame.byteCount }
    #expect(numbers.contains { $0 < Self.border } && numbers.contains { $0 >= Self.border })
    // Two of the four leaves on each side, one page above each pair, and the root of both.
    #expect(machine.heap.statistics.indexPageCount == 4 + 2 + 1)
    #expect(Set(pointers).count == pointers.count)
    for pointer in pointers { #expect(try machine.byteCount(of: pointer) == size) }
    for pointer in lowestFirst ? pointers : pointers.reversed() {
      try machine.free(pointer)
      #expect(machine.error(freeing: pointer) != nil)
    }
    machine.trim()
    #expect(
      machine.heap.statistics == HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    )
    #expect(machine.freePageCount == before)
    // From there it begins anew, lower: a leaf, and the root.
    let pointer = try machine.allocate(size)
    #expect(try machine.byteCount(of: pointer) == size)
    if machine.physicalAddress(pointer) < UInt(Self.border * PageFrame.byteCount) {
      #expect(machine.heap.statistics.indexPageCount == 2)
    }
  }

  /// Of a page above leaves an eighth is written when it gets its first leaf.
  @Test(arguments: [false, true])
  func eighthOfAPage_hasAnyContentBeforeItsFirstLeafAndBehindItsLast(lowestFirst: Bool) throws {
    let eighth = Self.border / 8
    var machine = HeapMachine(pageCount: 256, from: eighth - 128)
    let size = Int(PageFrame.byteCount)
    for round in 0..<2 {
      fill(machine.firstByte, 256 * size, with: round == 0 ? 0xa5 : 0x5a)
      var pointers = [try machine.allocate(size)]
      for distance in (1..<8).map({ UInt($0 * eighth) * UInt(size) }) {
        let other = pointers[0] + distance
        #expect(machine.error(freeing: other) == .notAllocated(address: other, .otherPage))
      }
      for _ in 0..<239 { pointers.append(try machine.allocate(size)) }
      #expect(Set(pointers).count == 240)
      // Two leaves in each of two eighths, and the page that has both.
      #expect(machine.heap.statistics.indexPageCount == 4 + 1)
      for pointer in pointers { #expect(try machine.byteCount(of: pointer) == size) }
      for pointer in lowestFirst ? pointers : pointers.reversed() {
        try machine.free(pointer)
        machine.trim()
        #expect(machine.error(freeing: pointer) != nil)
      }
      #expect(machine.heap.statistics.indexPageCount == 0)
      #expect(machine.freePageCount == 256)
    }
  }

  @Test func aPageBeyondItsReach_isNotTakenForOneWithin() throws {
    var machine = HeapMachine(pageCount: 16)
    let pointer = try machine.allocate(Int(PageFrame.byteCount))
    let beyond = pointer + UInt(Self.border * PageFrame.byteCount)
    #expect(machine.error(freeing: beyond) == .notAllocated(address: beyond, .otherPage))
    #expect(try machine.byteCount(of: pointer) == Int(PageFrame.byteCount))
  }

  @Test func aLeafThatIsEmptyAgainAndAgain_stays() throws {
    var machine = HeapMachine(pageCount: 64)
    for _ in 0..<3 {
      // Of so many pages a block is not kept.
      try machine.free(machine.allocate(17 * Int(PageFrame.byteCount)))
      #expect(machine.heap.statistics.indexPageCount == 2)
    }
    machine.trim()
    #expect(machine.heap.statistics.indexPageCount == 0)
  }

  @Test func pagesForTheIndexThatLack_areGivenBack() {
    // Four pages of the index are missing: with that high a number, it has a leaf and three above.
    for count in 0...4 {
      var machine = HeapMachine(pageCount: count + 1, from: 1 << 32)
      #expect(
        machine.error(allocating: 100) == (count < 4 ? .outOfMemory(byteCount: 100) : nil),
        "\(count + 1) pages")
      #expect(machine.freePageCount == (count < 4 ? UInt64(count + 1) : 0))
    }
  }

  /// Whatever lay there before.
  @Test func theIndex_isMadeOfPagesOfAnyContent() throws {
    var machine = HeapMachine(pageCount: 256)
    fill(machine.firstByte, 256 * Int(PageFrame.byteCount), with: 0xa5)
    for size in [100, 3000, 10_000] {
      let pointer = try machine.allocate(size)
      let pages = machine.firstByte..<machine.firstByte + UInt(256 * Int(PageFrame.byteCount))
      for page in stride(from: pages.lowerBound, to: pages.upperBound, by: Int(PageFrame.byteCount))
      where page != pointer {
        guard case .notAllocated = machine.error(freeing: page) else {
          Issue.record("\(page) was freed")
          continue
        }
      }
      let others = try (0..<20).map { _ in try machine.allocate(size) }
      #expect(Set(others + [pointer]).count == 21)
      for pointer in others + [pointer] { try machine.free(pointer) }
      machine.trim()
      #expect(machine.freePageCount == 256)
      fill(machine.firstByte, 256 * Int(PageFrame.byteCount), with: 0x5a)
    }
  }

  @Test func pagesAtTheNilPointer_areLeftOut() throws {
    let source = SourceFromNil(pageCount: 8)
    var heap = KernelHeap(directMapOffset: 0)
    let pointer = unsafe try heap.allocate(byteCount: 16, from: &source.pages)
    unsafe pointer.storeBytes(of: 1, as: UInt8.self)
    #expect(source.pages.nilPageCount == 1)
    unsafe try heap.free(pointer, to: &source.pages)
    #expect(source.pages.nilPageCount == 1)
  }

  @Test(arguments: [false, true])
  func aBlockAtTheNilPointer_goesBack_butForThatPageIfPossible(resizes: Bool) throws {
    let source = SourceFromNil(pageCount: 8, resizes: resizes)
    var heap = KernelHeap(directMapOffset: 0)
    let pointer = unsafe try heap.allocate(
      byteCount: 3 * UInt(PageFrame.byteCount), from: &source.pages)
    unsafe pointer.storeBytes(of: 1, as: UInt8.self)
    // Without resizing, page 0 is the first of the index's that is met.
    #expect(source.pages.nilPageCount == 1)
    #expect(source.pages.nilPageCounts == (resizes ? [3, 1] : [3, 0, 1]))
    #expect(heap.statistics.pageCount == 3)
  }

  @Test func pagesAtTheNilPointer_goBack_whereThereAreNoOthers() {
    let source = SourceFromNil(pageCount: 0, resizes: false)
    var heap = KernelHeap(directMapOffset: 0)
    do throws(KernelHeapError) {
      _ = unsafe try heap.allocate(byteCount: 3 * UInt(PageFrame.byteCount), from: &source.pages)
      Issue.record("there was memory")
    } catch {
      #expect(error == .outOfMemory(byteCount: 3 * UInt(PageFrame.byteCount)))
    }
    #expect(source.pages.nilPageCount == 0)
  }
}

/// Pages whose numbers are those of the host's memory; those from page 0 on are given out first, while
/// none of them is taken.
private final class SourceFromNil {
  struct Pages: HeapPageSource {
    var next: PageFrame
    let end: PageFrame
    let resizes: Bool

    /// How many pages are taken from page 0 on, and all that have been.
    var nilPageCount: UInt64 = 0 { didSet { nilPageCounts.append(nilPageCount) } }
    var nilPageCounts: [UInt64] = []

    mutating func allocateHeapPages(
      _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
    ) -> PageRange? {
      guard nilPageCount > 0 else {
        nilPageCount = pageCount
        return PageRange(start: 0, pageCount: pageCount)
      }
      guard let pages = PageRange(start: next, pageCount: pageCount), pages.end <= end else {
        return nil
      }
      next = pages.end
      return pages
    }

    mutating func freeHeapPages(_ pages: PageRange) -> Bool {
      if pages.start == 0 { nilPageCount -= pages.pageCount }
      return true
    }

    mutating func resizeHeapPages(
      _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
    ) -> Bool {
      guard resizes else { return false }
      if pages.start == 0 { nilPageCount = pageCount }
      return true
    }
  }

  var pages: Pages
  private let arena: Arena

  init(pageCount: Int, resizes: Bool = true) {
    arena = Arena(byteCount: (pageCount + 1) * Int(PageFrame.byteCount))!
    let first = unsafe UInt64(UInt(bitPattern: arena.start)) / PageFrame.byteCount + 1
    pages = Pages(
      next: PageFrame(first), end: PageFrame(first + UInt64(pageCount)), resizes: resizes)
  }
}
