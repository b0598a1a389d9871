// SPDX-License-Identifier: MIT
import BootMemory
import HeapModels
import KernelHeap
import PageAllocator
import PhysicalMemory
import TestSupport
import Testing

/// What each call of a heap does.
@Suite struct KernelHeapTests {
  static let pageByteCount = Int(PageFrame.byteCount)

  @Test func anEmptyHeap_hasNoMemory() {
    let machine = HeapMachine(pageCount: 64)
    #expect(
      machine.heap.statistics
        == HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0))
    #expect(machine.freePageCount == 64)
  }

  @Test(arguments: [false, true])
  func everySize_isServed_apart_andGivenBack(handedOver: Bool) throws {
    var machine = HeapMachine(pageCount: 4096)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    var allocations: [(pointer: UInt, count: Int)] = []
    var sizes = Array(0...300)
    for shift in 9...20 {
      let power: Int = 1 << shift
      sizes += [power - 1, power, power + 1]
    }
    for (index, size) in sizes.enumerated() {
      let pointer = try machine.allocate(size)
      fill(pointer, size, with: UInt8(index & 0xff))
      allocations.append((pointer, size))
    }
    #expect(machine.heap.statistics.allocationCount == UInt64(sizes.count))
    #expect(machine.freeOrHeldPageCount == before)
    for (index, allocation) in allocations.enumerated() {
      #expect(
        holds(allocation.pointer, allocation.count, UInt8(index & 0xff)),
        "size \(allocation.count)")
      try machine.free(allocation.pointer)
    }
    machine.trim()
    #expect(
      machine.heap.statistics == HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    )
    machine.trim()
    #expect(machine.freePageCount == before)
  }

  @Test func sizesAreRoundedUpToSlots_aPageHoldsAsManyAsFit() throws {
    // The size, and how many a page of 4 KiB has.
    let rows = [
      (1, 256), (16, 256), (17, 128), (32, 128), (33, 85), (48, 85), (64, 64), (65, 51), (96, 42),
      (97, 36), (113, 32), (129, 25), (161, 21), (193, 18), (257, 12), (385, 9), (513, 7), (577, 6),
      (673, 5), (817, 4), (1024, 4), (1025, 3), (1360, 3), (1361, 2), (2048, 2), (2049, 1),
      (4096, 1),
    ]
    guard Self.pageByteCount == 4096 else { return }
    for (size, count) in rows {
      var machine = HeapMachine(pageCount: 64)
      for _ in 0..<count { _ = try machine.allocate(size) }
      #expect(machine.heap.statistics.pageCount == 1, "size \(size)")
      _ = try machine.allocate(size)
      #expect(machine.heap.statistics.pageCount == 2, "size \(size)")
    }
  }

  @Test(arguments: [false, true])
  func alignments_areKept(handedOver: Bool) throws {
    var machine = HeapMachine(pageCount: 16384)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    var pointers: [UInt] = []
    for shift in 0...20 {
      for size in [1, 24, 40, 100, 700, 3000, 5000, 70_000] {
        let pointer = try machine.allocate(size, alignment: 1 << shift)
        // Of pages, only physical addresses are aligned.
        #expect(
          machine.physicalAddress(pointer) & (1 << shift - 1) == 0,
          "\(size) bytes aligned to 2^\(shift)")
        pointers.append(pointer)
      }
    }
    for pointer in pointers { try machine.free(pointer) }
    machine.trim()
    #expect(machine.freePageCount == before)
  }

  @Test func anAlignmentThatIsNoPowerOfTwo_isRefused() {
    var machine = HeapMachine(pageCount: 64)
    for alignment in [0, 3, 24, -1] {
      #expect(
        machine.error(allocating: 16, alignment: alignment)
          == .alignmentNotPowerOfTwo(UInt(bitPattern: alignment)))
    }
    machine.trim()
    #expect(machine.freePageCount == 64)
  }

  @Test(arguments: [16, 100, 2048, 4096, 10_000])
  func aDoubleFree_isRefused(size: Int) throws {
    var machine = HeapMachine(pageCount: 64)
    let other = try machine.allocate(size)
    let pointer = try machine.allocate(size)
    try machine.free(pointer)
    let statistics = machine.heap.statistics
    #expect(
      machine.error(freeing: pointer) == .notAllocated(address: pointer, .noAllocation))
    #expect(machine.heap.statistics == statistics)
    // And when the page has gone back.
    try machine.free(other)
    machine.trim()
    #expect(
      machine.error(freeing: other)
        == .notAllocated(address: other, .otherPage))
    machine.trim()
    #expect(machine.freePageCount == 64)
  }

  @Test(arguments: [16, 48, 100, 2048, 4096, 10_000])
  func anInteriorPointer_isRefused(size: Int) throws {
    var machine = HeapMachine(pageCount: 64)
    let pointer = try machine.allocate(size)
    let statistics = machine.heap.statistics
    for distance: UInt in [1, 8, 15] {
      let inside = pointer + distance
      #expect(
        machine.error(freeing: inside)
          == .notAllocated(
            address: inside, .insideAllocation(address: pointer)))
    }
    #expect(machine.heap.statistics == statistics)
    try machine.free(pointer)
  }

  @Test func aPointerIntoALaterPageOfABlock_isRefused_asWhatItPointsTo() throws {
    let page = PageFrame.byteCountAsUInt
    var machine = HeapMachine(pageCount: 64)
    let pointer = try machine.allocate(5 * Self.pageByteCount)
    let last = try machine.allocate(17 * Self.pageByteCount)
    for (block, count) in [(pointer, 5), (last, 17)] as [(UInt, UInt)] {
      for inside in [block + page, block + page + 16, block + count * page - 1] {
        #expect(
          machine.error(freeing: inside)
            == .notAllocated(address: inside, .insideAllocation(address: block)))
        #expect(
          machine.error(resizing: inside, to: 10)
            == .notAllocated(address: inside, .insideAllocation(address: block)))
      }
    }
    let behind = last + 17 * page
    #expect(machine.error(freeing: behind) == .notAllocated(address: behind, .otherPage))
    // That is kept, and this goes back.
    try machine.free(pointer)
    try machine.free(last)
    #expect(
      machine.error(freeing: pointer + page)
        == .notAllocated(address: pointer + page, .noAllocation))
    #expect(
      machine.error(freeing: last + page) == .notAllocated(address: last + page, .otherPage))
  }

  @Test(arguments: [pageByteCount, pageByteCount / 2])
  func afterALargeFree_eachFreeGivesBackTwoKeptBlocks_untilTheyAreFewAgain(size: Int) throws {
    var machine = HeapMachine(pageCount: 4096)
    let large = try machine.allocate(3000 * Self.pageByteCount)
    let blocks = try (0..<400).map { _ in try machine.allocate(Self.pageByteCount) }
    let others = try (0..<(200 * Self.pageByteCount / size)).map { _ in try machine.allocate(size) }
    for block in blocks { try machine.free(block) }
    var pageCount = machine.heap.statistics.pageCount
    #expect(pageCount == 3000 + 400 + 200)
    try machine.free(large)
    #expect(machine.heap.statistics.pageCount == 400 + 200 - 2)
    for other in others {
      pageCount = machine.heap.statistics.pageCount
      try machine.free(other)
      #expect(pageCount - machine.heap.statistics.pageCount <= 1 + 2)
    }
    // Of slots, one page.
    #expect(machine.heap.statistics.pageCount == (size == Self.pageByteCount ? 16 : 16 + 1))
    machine.trim()
    #expect(machine.freePageCount == 4096)
  }

  @Test func pagesThatTheSourceRefuses_areCounted_andNotAmongThoseTrimmed() throws {
    var machine = HeapMachine(pageCount: 64)
    var source = RefusingPages(of: machine.source)
    for size: UInt in [16, 100, 3000, 20_000] {
      let pointer = unsafe try machine.heap.allocate(byteCount: size, from: &source)
      unsafe try machine.heap.free(pointer, to: &source)
    }
    let kept = machine.heap.statistics
    #expect(kept.refusedPageCount == 0)
    #expect(machine.heap.trim(to: &source) == 0)
    #expect(machine.heap.statistics == kept.whenAllIsRefused)
    #expect(machine.freePageCount == 64 - machine.heap.statistics.refusedPageCount)
    #expect(machine.trim() == 0)
  }

  @Test func pagesTakenForNothing_andRefused_areCounted() {
    // With every number of pages there is one that the heap or its index does not get.
    for pageCount in 1...4 {
      var machine = HeapMachine(pageCount: pageCount)
      var source = RefusingPages(of: machine.source)
      while unsafe (try? machine.heap.allocate(byteCount: 3000, from: &source)) != nil {}
      #expect(
        machine.freeOrHeldPageCount + machine.heap.statistics.refusedPageCount == UInt64(pageCount))
    }
  }

  @Test func aPointerThatWasNeverGivenOut_isRefused() throws {
    var machine = HeapMachine(pageCount: 64)
    let first = machine.firstByte
    var addresses: [UInt] = [1, 16, 4096, .max, .max - 15, 1 << (UInt.bitWidth - 1), first]
    for address in addresses {
      #expect(
        machine.error(freeing: address) == .notAllocated(address: address, .otherPage))
    }
    // The same beside an allocation, and pages of the index, and the rest behind a page's slots.
    let pointer = try machine.allocate(816)
    let base = pointer
    addresses += stride(
      from: first, to: first + 64 * UInt(Self.pageByteCount), by: Int(Self.pageByteCount))
    for address in addresses where address != base {
      #expect(
        machine.error(freeing: address) == .notAllocated(address: address, .otherPage))
    }
    for distance: UInt in [816, 3264, 4080, 4095] where Self.pageByteCount == 4096 {
      let behind = pointer + distance
      #expect(
        machine.error(freeing: behind)
          == .notAllocated(address: behind, .noAllocation))
    }
    try machine.free(pointer)
    machine.trim()
    #expect(machine.freePageCount == 64)
  }

  @Test(arguments: [false, true], [1, 16, 2048, 4096, 20_000])
  func whenMemoryIsUsedUp_allocationsFail_andNothingChanges(handedOver: Bool, size: Int) throws {
    var machine = HeapMachine(pageCount: 100)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    var pointers: [UInt] = []
    var error: KernelHeapError?
    while error == nil {
      do throws(KernelHeapError) {
        pointers.append(try machine.allocate(size))
      } catch let thrown {
        error = thrown
      }
    }
    #expect(error == .outOfMemory(byteCount: UInt(size)))
    let statistics = machine.heap.statistics
    let free = machine.freePageCount
    #expect(machine.error(allocating: size) == .outOfMemory(byteCount: UInt(size)))
    #expect(machine.heap.statistics == statistics)
    #expect(machine.freePageCount == free)
    #expect(machine.freeOrHeldPageCount == before)
    #expect(statistics.allocationCount == UInt64(pointers.count))
    for pointer in pointers { try machine.free(pointer) }
    machine.trim()
    #expect(machine.freePageCount == before)
  }

  @Test func sizesBeyondAllMemory_areRefused() throws {
    var machine = HeapMachine(pageCount: 64)
    for size in [Int.max, -1, -4096, 65 * Self.pageByteCount] {
      #expect(
        machine.error(allocating: size) == .outOfMemory(byteCount: UInt(bitPattern: size)))
    }
    #expect(
      machine.error(allocating: 100, alignment: 1 << (Int.bitWidth - 1 - 1))
        == .outOfMemory(byteCount: 100))
    try machine.handOver()
    #expect(
      machine.error(allocating: 2000 * Self.pageByteCount)
        == .outOfMemory(byteCount: 2000 * PageFrame.byteCountAsUInt))
  }

  @Test(arguments: [false, true])
  func noBytes_withALargeAlignment_haveAPageOfTheirOwn(handedOver: Bool) throws {
    var machine = HeapMachine(pageCount: 64)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    let alignment = 4 * Self.pageByteCount
    let pointer = try machine.allocate(0, alignment: alignment)
    #expect(machine.physicalAddress(pointer) % UInt(alignment) == 0)
    let byteCount = try machine.byteCount(of: pointer)
    #expect(byteCount == Self.pageByteCount)
    #expect(machine.heap.statistics.pageCount == 1)
    try machine.free(pointer)
    machine.trim()
    #expect(machine.freePageCount == before)
  }

  @Test func pagesThatHaveMoreBytesThanANumber_areRefused() {
    let machine = HeapMachine(pageCount: 64)
    var source = machine.source
    let tooMany: UInt64 = 1 << (64 - PageFrame.byteCountShift)
    // In bytes that would be a page, and no alignment.
    #expect(source.allocateHeapPages(tooMany + 1, alignedTo: 1, below: .end) == nil)
    #expect(source.allocateHeapPages(1, alignedTo: tooMany, below: .end) == nil)
    #expect(machine.freePageCount == 64)
  }

  @Test func aClassThatWentEmpty_leavesItsPagesToOthers() throws {
    var machine = HeapMachine(pageCount: 64)
    for size in [16, 96, 512, 2048, 40, 3000] {
      var pointers: [UInt] = []
      while let pointer = try? machine.allocate(size) { pointers.append(pointer) }
      machine.trim()
      #expect(machine.freePageCount == 0)
      for pointer in pointers.shuffled() { try machine.free(pointer) }
      machine.trim()
      #expect(machine.freePageCount == 64, "size \(size)")
    }
  }

  @Test func freeSlots_areUsedBeforeNewPages() throws {
    var machine = HeapMachine(pageCount: 64)
    var pointers: [UInt] = []
    for _ in 0..<1000 { pointers.append(try machine.allocate(64)) }
    let pageCount = machine.heap.statistics.pageCount
    // Every second one, and some pages whole.
    for index in stride(from: 0, to: 1000, by: 2) { try machine.free(pointers[index]) }
    for _ in 0..<500 { _ = try machine.allocate(64) }
    #expect(machine.heap.statistics.pageCount == pageCount)
  }

  @Test func memory_liesBelowTheLimit() throws {
    for handedOver in [false, true] {
      var machine = HeapMachine(pageCount: 128, from: 0x100, below: PageFrame(0x110))
      if handedOver { try machine.handOver() }
      let end = machine.firstByte + 16 * PageFrame.byteCountAsUInt
      var count = 0
      while let pointer = try? machine.allocate(2000) {
        #expect(pointer + 2000 <= end)
        count += 1
      }
      #expect(count > 16)
    }
  }

  @Test func allocationsOfBootMemory_outliveTheHandOver() throws {
    var machine = HeapMachine(pageCount: 256)
    var pointers: [UInt] = []
    let sizes = [16, 100, 2000, 4096, 3 * Self.pageByteCount, 8 * Self.pageByteCount]
    for size in sizes {
      for _ in 0..<3 { pointers.append(try machine.allocate(size)) }
    }
    let statistics = machine.heap.statistics
    try machine.handOver()
    #expect(machine.heap.statistics == statistics)
    let before = machine.freePageCount + statistics.pageCount + statistics.indexPageCount
    for size in sizes { pointers.append(try machine.allocate(size)) }
    #expect(machine.freeOrHeldPageCount == before)
    for pointer in pointers.shuffled() { try machine.free(pointer) }
    machine.trim()
    #expect(machine.freePageCount == before)
    #expect(
      machine.error(freeing: pointers[0])
        == .notAllocated(address: pointers[0], .otherPage))
  }

  @Test func aSparePageOfEachClass_andOfTheIndex_areKeptUntilTrimmed() throws {
    var machine = HeapMachine(pageCount: 4096)
    let before = machine.freePageCount
    for _ in 0..<3 {
      // Many pages of each class.
      var pointers: [UInt] = []
      for size in [16, 64, 100, 2048, 4096] {
        for _ in 0..<600 { pointers.append(try machine.allocate(size)) }
      }
      for pointer in pointers.shuffled() { try machine.free(pointer) }
      let kept = machine.heap.statistics
      // Of four classes, and blocks; a leaf, and those above it.
      #expect(kept.allocationCount == 0 && kept.pageCount <= 4 + 16)
      // Nothing new is taken for what they hold.
      let again = try machine.allocate(64)
      #expect(machine.heap.statistics.pageCount == kept.pageCount)
      try machine.free(again)
    }
    let kept = machine.heap.statistics
    #expect(machine.trim() == kept.pageCount + kept.indexPageCount)
    #expect(machine.trim() == 0)
    #expect(machine.freePageCount == before)
  }

  @Test func whatIsKeptForLater_servesOthers_whereMemoryIsShort() throws {
    var machine = HeapMachine(pageCount: 8)
    for size in [16, 64, 256, 1024] { try machine.free(try machine.allocate(size)) }
    #expect(machine.heap.statistics.pageCount == 4)
    let large = try machine.allocate(5 * Self.pageByteCount)
    try machine.free(large)
    machine.trim()
    #expect(machine.freePageCount == 8)
  }

  @Test(arguments: [0, 1, 100, 3000, 20_000])
  func zeroedMemory_isZero(size: Int) throws {
    var machine = HeapMachine(pageCount: 64)
    for _ in 0..<3 {
      let pointer = try machine.allocateZeroed(size)
      #expect(holds(pointer, size, 0))
      fill(pointer, size, with: 0xff)
      try machine.free(pointer)
    }
  }

  @Test(arguments: [1, 3000, 3 * pageByteCount, 16 * pageByteCount, 17 * pageByteCount])
  func zeroedMemory_ofASourceThatClears_isZero_thoughTheHeapHasUsedIt(size: Int) throws {
    var machine = HeapMachine(pageCount: 64, givesClearedPages: true)
    for _ in 0..<3 {
      for isZeroed in [false, true] {
        let pointer = isZeroed ? try machine.allocateZeroed(size) : try machine.allocate(size)
        #expect(!isZeroed || holds(pointer, size, 0))
        fill(pointer, size, with: 0x41)
        try machine.free(pointer)
      }
    }
  }

  @Test func aHeap_goesFromOneSourceToTheNext() throws {
    let machine = HeapMachine(pageCount: 64)
    let nodes = UnsafeMutableBufferPointer<PageNode>.allocate(capacity: 1)
    defer { unsafe nodes.deallocate() }
    unsafe try Self.goFromOneSourceToTheNext(
      &machine.memory.pointee, nodes: nodes, directMapOffset: machine.directMapOffset)
  }

  /// As the module's article has it.
  private static func goFromOneSourceToTheNext(
    _ bootMemory: inout BootMemory, nodes: UnsafeMutableBufferPointer<PageNode>,
    directMapOffset: UInt
  ) throws {
    var heap = KernelHeap(directMapOffset: directMapOffset)
    let free = bootMemory.freePageCount()
    let object = unsafe try heap.allocate(byteCount: 100, alignment: 64, from: &bootMemory)
    var pages = unsafe try PageAllocator(takingOver: &bootMemory, nodes: nodes)
    unsafe try heap.free(object, to: &pages)
    heap.trim(to: &pages)
    #expect(heap.statistics.pageCount == 0)
    // A page is the allocator's own.
    let count = try pages.statistics(of: NodeID(0)).freePageCount
    #expect(count == free - 1)
  }

  @Test func pagesThatSomebodyElseFreed_areReported() throws {
    var machine = HeapMachine(pageCount: 64)
    try machine.handOver()
    let pointer = try machine.allocate(17 * Self.pageByteCount)
    let offset = pointer - machine.firstByte
    let page = PageFrame(machine.span.start.number + UInt64(offset) / PageFrame.byteCount)
    let pages = PageRange(start: page, pageCount: 17)!
    unsafe try machine.pages!.pointee.free(pages)
    #expect(machine.error(freeing: pointer) == .pagesRefused(pages))
  }

  @Test func errors_nameTheValueAndTheReason() {
    let rows: [(KernelHeapError, String)] = [
      (.outOfMemory(byteCount: 0x1000), "out of memory: no room for 0x1000 bytes"),
      (.alignmentNotPowerOfTwo(0x30), "the alignment 0x30 is not a power of two"),
      (
        .notAllocated(address: 0x12f0, .otherPage),
        "0x12f0 was to be freed, but lies in no page of the heap: it was freed before, or never "
          + "given out"
      ),
      (
        .notAllocated(address: 0x12f0, .noAllocation),
        "0x12f0 was to be freed, but is not allocated: it was freed before, or never given out"
      ),
      (
        .notAllocated(address: 0x12f8, .insideAllocation(address: 0x12f0)),
        "0x12f8 was to be freed, but lies inside the allocation at 0x12f0"
      ),
      (
        .pagesRefused(PageRange(start: PageFrame(0x10), pageCount: 2)!),
        "the pages from 0x10 to 0x12 were the heap's, but another caller has freed them"
      ),
    ]
    for (error, text) in rows {
      var printed = PrintedText()
      error.write(to: &printed)
      #expect(printed.text == text)
    }
  }
}
