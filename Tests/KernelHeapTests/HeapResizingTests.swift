// SPDX-License-Identifier: MIT
import HeapModels
import KernelHeap
import PhysicalMemory
import TestSupport
import Testing

/// What becomes of allocations that get another size.
@Suite struct HeapResizingTests {
  @Test(arguments: [false, true])
  func resizing_keepsTheContent(handedOver: Bool) throws {
    var machine = HeapMachine(pageCount: 1024)
    if handedOver { try machine.handOver() }
    let before = machine.freePageCount
    var pointer = try machine.allocate(1)
    fill(pointer, 1, with: 7)
    var size = 1
    for next in [2, 16, 17, 500, 499, 2048, 2049, 5000, 40_000, 100_000, 9000, 4000, 70, 0, 3] {
      pointer = try machine.resize(pointer, to: next)
      #expect(holds(pointer, min(size, next), 7), "from \(size) to \(next)")
      size = next
      fill(pointer, size, with: 7)
      let usable = try machine.byteCount(of: pointer)
      #expect(usable >= max(size, 1))
      #expect(machine.heap.statistics.allocationCount == 1)
    }
    try machine.free(pointer)
    machine.trim()
    #expect(machine.freePageCount == before)
  }

  @Test func resizing_staysWhereItIs_whereItCan() throws {
    let page = Int(PageFrame.byteCount)
    var machine = HeapMachine(pageCount: 256)
    try machine.handOver()
    let slot = try machine.allocate(520)
    let size = try machine.byteCount(of: slot)
    #expect(try machine.resize(slot, to: size) == slot)
    #expect(try machine.resize(slot, to: size / 2 + 1) == slot)
    #expect(try machine.resize(slot, to: size / 2) != slot)
    let block = try machine.allocate(3 * page)
    for pages in [3, 5, 4, 8, 2] {
      #expect(try machine.resize(block, to: pages * page) == block)
      #expect(try machine.byteCount(of: block) == pages * page)
    }
    // Somebody is behind it.
    var others: [UInt] = []
    while others.last != block + UInt(2 * page) { others.append(try machine.allocate(page)) }
    #expect(try machine.resize(block, to: 3 * page) != block)
  }

  @Test func resizing_thatFails_changesNothing() throws {
    var machine = HeapMachine(pageCount: 16)
    let pointer = try machine.allocate(100)
    fill(pointer, 100, with: 9)
    let statistics = machine.heap.statistics
    for size in [17 * Int(PageFrame.byteCount), .max, -1] {
      #expect(
        machine.error(resizing: pointer, to: size)
          == .outOfMemory(byteCount: UInt(bitPattern: size)))
    }
    for alignment in [0, 3] {
      #expect(
        machine.error(resizing: pointer, to: 200, alignment: alignment)
          == .alignmentNotPowerOfTwo(UInt(alignment)))
    }
    #expect(
      machine.error(resizing: pointer + 8, to: 10)
        == .notAllocated(address: pointer + 8, .insideAllocation(address: pointer)))
    #expect(
      machine.error(resizing: pointer + 3 * PageFrame.byteCountAsUInt, to: 10)
        == .notAllocated(address: pointer + 3 * PageFrame.byteCountAsUInt, .otherPage))
    #expect(machine.heap.statistics == statistics)
    #expect(holds(pointer, 100, 9))
    try machine.free(pointer)
    #expect(
      machine.error(resizing: pointer, to: 10) == .notAllocated(address: pointer, .noAllocation))
  }

  @Test(arguments: [100, 5000])
  func anAlignmentThatIsNoPowerOfTwo_isRefused_alsoInPlace(size: Int) throws {
    var machine = HeapMachine(pageCount: 16)
    let pointer = try machine.allocate(size)
    #expect(machine.error(resizing: pointer, to: size, alignment: 3) == .alignmentNotPowerOfTwo(3))
    #expect(try machine.resize(pointer, to: size, alignment: 64) == pointer)
  }

  @Test func noBytes_thatHaveNoRoom_areNamedAsTheyWereAskedFor() throws {
    var machine = HeapMachine(pageCount: 16)
    let pointer = try machine.allocate(32)
    while (try? machine.allocate(2048)) != nil {}
    #expect(machine.error(resizing: pointer, to: 0) == .outOfMemory(byteCount: 0))
    #expect(try machine.byteCount(of: pointer) == 32)
  }

  @Test func aBlock_staysWhereItHasNoPageTooMany() throws {
    let page = Int(PageFrame.byteCount)
    var machine = HeapMachine(pageCount: 64)
    let pointer = try machine.allocate(page)
    for size in [0, 1, page / 2, page] { #expect(try machine.resize(pointer, to: size) == pointer) }
    let other = try machine.allocate(2 * page)
    #expect(try machine.resize(other, to: page) == other)
    #expect(try machine.byteCount(of: other) == page)
    let third = try machine.allocate(2 * page)
    let moved = try machine.resize(third, to: 1)
    #expect(moved != third)
    #expect(try machine.byteCount(of: moved) == 16)
  }

  @Test func aBlock_ofASourceThatCannotTakeAPart_staysWhileMoreThanHalfIsUsed() throws {
    let page = PageFrame.byteCountAsUInt
    var machine = HeapMachine(pageCount: 64)
    var source = RefusingPages(of: machine.source)
    source.refuses = false
    let pointer = unsafe try machine.heap.allocate(byteCount: 5 * page, from: &source)
    for pageCount: UInt in [4, 3] {
      #expect(
        unsafe try machine.heap.resize(pointer, toByteCount: pageCount * page, from: &source)
          == pointer)
      #expect(unsafe try machine.heap.byteCount(of: pointer) == 5 * page)
    }
    let moved = unsafe try machine.heap.resize(pointer, toByteCount: 2 * page, from: &source)
    #expect(unsafe moved != pointer)
    #expect(unsafe try machine.heap.byteCount(of: moved) == 2 * page)
  }

  @Test func aResize_succeeds_whereTheOldPagesAreRefused_andTheseAreCounted() throws {
    // More pages than the heap keeps, so that they go to the source.
    let size = 25 * Int(PageFrame.byteCount)
    var machine = HeapMachine(pageCount: 256)
    var source = RefusingPages(of: machine.source)
    let old = unsafe try machine.heap.allocate(byteCount: UInt(size), from: &source)
    fill(UInt(bitPattern: old), size, with: 7)
    let count = machine.heap.statistics.pageCount
    let new = unsafe try machine.heap.resize(old, toByteCount: UInt(2 * size), from: &source)
    #expect(unsafe new != old && holds(UInt(bitPattern: new), size, 7))
    #expect(machine.heap.statistics.allocationCount == 1)
    #expect(machine.heap.statistics.refusedPageCount == count)
    #expect(machine.freeOrHeldPageCount == 256 - count)
    #expect(
      machine.error(freeing: UInt(bitPattern: old))
        == .notAllocated(address: UInt(bitPattern: old), .otherPage))
    try machine.free(UInt(bitPattern: new))
    machine.trim()
    #expect(machine.freePageCount == 256 - count)
  }
}
