// SPDX-License-Identifier: MIT
import KernelHeap
import PhysicalMemory
import Testing

/// The index of a heap's pages, where it has to become higher.
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
    // From there it begins anew, lower.
    let pointer = try machine.allocate(size)
    #expect(try machine.byteCount(of: pointer) == size)
  }
}
