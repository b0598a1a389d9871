// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// The table of owners as a ledger: names of allocations and reserves, who is in the way, what is won
/// back.
@Suite struct LedgerTests {
  /// The ranges of the table, `FIRST-LAST OWNER`.
  private func lines(_ owners: borrowing OwnerTable) -> [String] {
    var sink = PrintedText()
    owners.write(to: &sink)
    return sink.text.split(separator: "\n").map {
      // Addresses without their zeros in front.
      String($0.dropFirst(2).replacing(/\b0+(?=[0-9a-f])/, with: ""))
    }
  }

  private func report(_ owners: borrowing OwnerTable) -> String {
    var sink = PrintedText()
    owners.writeReport(to: &sink)
    return sink.text
  }

  /// Boot memory of pages 0 to 63, of which page 0 holds the bitmap, and what is held.
  private func setUp(
    _ fixture: PlanFixture, _ owners: inout OwnerTable
  ) throws -> BootMemory {
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: PageRange(0..<64), of: fixture.map, owners: &owners)
    return memory
  }

  private let lowPages = AllocationRequest(byteCount: 0x2000, alignment: 0x1000, goal: .none)

  // ---- Entering ----

  @Test func allocate_entersAddressSizeAndName() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    let address = try memory.allocate(lowPages, as: "page table of init", in: &owners)
    let small = try memory.allocate(
      AllocationRequest(byteCount: 24, alignment: 8, goal: .none), as: "boot CPU's data",
      in: &owners)
    #expect(address.rawValue == 0x1000 && small.rawValue == 0x3000)
    #expect(
      lines(owners) == [
        "0-fff bitmap of node 0", "1000-2fff page table of init",
        "3000-3017 boot CPU's data",
      ])
    #expect(owners.owner(of: 2) == "page table of init")
  }

  @Test func reserve_neededOnlyDuringBoot_isMarked() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    try memory.reserve(AddressRange(0x2000..<0x3000), as: "stays", in: &owners)
    try memory.reserve(
      AddressRange(0x4000..<0x5000), as: "init code", neededOnlyDuringBoot: true, in: &owners)
    #expect(owners.firstOwnerNeededOnlyDuringBoot() == "init code")
  }

  @Test func allocate_withoutALedger_isTheSameAddressForAddress() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    let other = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var otherOwners = try other.owners()
    var memory = try setUp(fixture, &owners)
    var plain = try setUp(other, &otherOwners)
    for byteCount: UInt64 in [100, 4096, 8192, 24, 5000, 1] {
      let request = AllocationRequest(byteCount: byteCount, goal: .none)
      #expect(
        try memory.allocate(request, as: "x", in: &owners) == plain.allocate(request))
    }
  }

  @Test func refusedCalls_leaveTheLedgerAlone() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<6, .kernelImage)])
    var memory = try setUp(fixture, &owners)
    let before = lines(owners)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 1 << 40)) {
      _ = try memory.allocate(.pages(byteCount: 1 << 40), as: "too much", in: &owners)
    }
    #expect(throws: BootMemoryError.alreadyReserved(4)) {
      try memory.reserve(
        AddressRange(0x3000..<0x5000), as: "in the way", exclusively: true, in: &owners)
    }
    #expect(throws: BootMemoryError.misuse(.alreadyFree(7))) {
      try memory.free(AddressRange(0x4000..<0x9000), in: &owners)
    }
    #expect(throws: BootMemoryError.self) {
      try memory.reserve(
        AddressRange(0x8000..<0x9000), as: "elsewhere", on: NodeID(1), in: &owners)
    }
    #expect(lines(owners) == before)
  }

  /// Memory of which there is none.
  private struct NoMemory: ~Copyable, NamedAllocating {
    var requestCount = 0

    func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer? { nil }

    func bitmapPages(overlapping pages: PageRange) -> PageRange? { nil }

    mutating func allocate(
      _ request: AllocationRequest
    ) throws(BootMemoryError) -> PhysicalAddress {
      requestCount += 1
      throw .outOfMemory(byteCount: request.byteCount)
    }

    mutating func free(_ range: AddressRange, on node: NodeID?) {}

    mutating func reserve(_ range: AddressRange, on node: NodeID?, exclusively: Bool) {}

    mutating func handOver(maximumOrder: Int, _ release: (PageBlock) -> Void) -> UInt64 { 0 }

    mutating func releaseLate(_ range: AddressRange, _ release: (PageBlock) -> Void) -> UInt64 { 0 }
  }

  @Test func refusedAllocation_isAskedForOnce() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    var memory = NoMemory()
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x2000)) {
      _ = try memory.allocate(lowPages, as: "a", in: &owners)
    }
    #expect(memory.requestCount == 1)
  }

  @Test func full_countsAndGoesOn() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<6, .kernelImage)], capacity: 3)
    var memory = try setUp(fixture, &owners)
    for _ in 0..<3 { _ = try memory.allocate(lowPages, as: "stack", in: &owners) }
    #expect(memory.freePageCount() == 64 - 2 - 1 - 6)
    #expect(owners.count == 3 && owners.leftOutCount == 2 && owners.neededCapacity == 5)
    #expect(
      report(owners).hasSuffix(
        "  and 2 more: the ledger holds 3 ranges, and needs room for 5\n"))
  }

  // ---- Who is in the way ----

  @Test func refusal_namesTheHolderAndItsPages() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<6, .kernelImage)])
    var memory = try setUp(fixture, &owners)
    let start = try memory.allocate(lowPages, as: "page table of init", in: &owners)
    func refusal(_ range: AddressRange) -> String {
      var sink = PrintedText()
      do throws(BootMemoryError) {
        try memory.reserve(range, on: nil, exclusively: true)
        return "none"
      } catch { owners.write(error, to: &sink) }
      return sink.text
    }
    #expect(
      refusal(AddressRange(0x5000..<0x7000))
        == "page 0x5 is reserved already; pages 0x4-0x5: kernel image")
    #expect(
      refusal(AddressRange(start..<PhysicalAddress(0x3000)))
        == "page 0x0 is reserved already; pages 0x0-0x1: page table of init")
    // Nobody's name is known.
    try memory.reserve(AddressRange(0x20000..<0x21000))
    #expect(refusal(AddressRange(0x20000..<0x21000)) == "page 0x20 is reserved already")
  }

  // ---- Freeing ----

  // a page   0123456789
  // before   .AAAAAA...
  // freed    ...FF.....
  // after    .AA..AA...
  @Test func free_takesAPartOut_andTheRestStaysOnBothSides() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    try memory.reserve(AddressRange(0x1000..<0x7000), as: "a", in: &owners)
    try memory.free(AddressRange(0x3000..<0x5000), in: &owners)
    #expect(lines(owners) == ["0-fff bitmap of node 0", "1000-2fff a", "5000-6fff a"])
    // Parts of pages are not freed, and so stay somebody's.
    try memory.free(AddressRange(0x1800..<0x3000), in: &owners)
    #expect(lines(owners) == ["0-fff bitmap of node 0", "1000-1fff a", "5000-6fff a"])
    try memory.free(AddressRange(0x5000..<0x6000), in: &owners)
    #expect(lines(owners) == ["0-fff bitmap of node 0", "1000-1fff a", "6000-6fff a"])
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    #expect(lines(owners) == ["0-fff bitmap of node 0", "6000-6fff a"])
  }

  @Test func remove_takesTheBytesOutOfEveryRange_alsoAtTheTop() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    let top = try #require(
      AddressRange(first: PhysicalAddress(.max - 0xfff), last: PhysicalAddress(.max)))
    try owners.add(top, .biosData)
    try owners.add(AddressRange(0x0..<0x1000), .firstPage)
    try owners.add(AddressRange(0x400..<0x500), .biosData)
    owners.remove(AddressRange(start: PhysicalAddress(.max - 0xf), clampingByteCount: 0x10))
    owners.remove(AddressRange(0x3f0..<0x600))
    #expect(
      lines(owners) == [
        "fffffffffffff000-ffffffffffffffef BIOS data area", "0-3ef page 0",
        "600-fff page 0",
      ])
  }

  @Test func remove_fromAFullTable_countsTheSecondHalf() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(1..<9, "a")], capacity: 1)
    owners.remove(AddressRange(0x3000..<0x4000))
    #expect(lines(owners) == ["1000-2fff a"] && owners.leftOutCount == 1)
  }

  @Test func remove_allButOneByte_leavesThatOnEitherSide() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(1..<2, "a")], capacity: 2)
    owners.remove(AddressRange(0x1001..<0x1fff))
    #expect(lines(owners) == ["1000-1000 a", "1fff-1fff a"] && owners.leftOutCount == 0)
  }

  // ---- The report ----

  @Test func report_isSorted_withSums() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<6, .kernelImage), (0..<1, .firstPage)])
    owners.note(OwnedRange(range: AddressRange(0x9000..<0x9020), owner: "log", isAllocated: true))
    owners.note(
      OwnedRange(
        range: AddressRange(0x400..<0x500), owner: .loader(.memoryMap),
        isNeededOnlyDuringBoot: true))
    owners.note(OwnedRange(range: AddressRange(0x8000..<0x8040), owner: "log", isAllocated: true))
    #expect(
      report(owners) == """
          0000000000000000-0000000000000fff page 0, 4 KiB
          0000000000000400-00000000000004ff memory map, 256 B, during boot only
          0000000000004000-0000000000005fff kernel image, 8 KiB
          0000000000008000-000000000000803f log, 64 B
          0000000000009000-000000000000901f log, 32 B
          log: 2 ranges, 96 B
          all: 5 ranges, 12.3 KiB in 5 pages; during boot only: 1 ranges, 256 B

        """)
  }

  @Test func report_ofRangesAlike_hasEachOnce() throws {
    let fixture = try PlanFixture(usable: [])
    let owners = try fixture.owners([(1..<2, "b"), (1..<2, "a"), (1..<2, "b")])
    #expect(
      report(owners) == """
          0000000000001000-0000000000001fff b, 4 KiB
          0000000000001000-0000000000001fff a, 4 KiB
          0000000000001000-0000000000001fff b, 4 KiB
          b: 2 ranges, 8 KiB
          all: 3 ranges, 12 KiB in 1 pages

        """)
  }

  @Test func report_ofMoreBytesThanThereAre_isTheMost() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    let half = try #require(AddressRange(start: PhysicalAddress(0), byteCount: 1 << 63))
    try owners.add(half, "a")
    try owners.add(half, "b")
    #expect(report(owners).contains("all: 2 ranges, 15.9 EiB in "))
  }

  // ---- Winning pages back ----

  // a page   0123456789
  // held     BKKMMMNN..    and M ends inside of page 5, where N begins; page 4 is no memory
  // M        ...+......
  // N        .....+++..
  @Test func releaseLate_byName_handsEachPageOverOnce_theSharedOneWithItsLastHolder() throws {
    let fixture = try PlanFixture(usable: [0..<4, 5..<64])
    var owners = try fixture.owners([(1..<3, .kernelImage)])
    try owners.add(AddressRange(0x3000..<0x5800), .loader(.module(0)))
    try owners.add(AddressRange(0x5800..<0x8000), .loader(.module(1)))
    var memory = try setUp(fixture, &owners)
    try memory.handOver(maximumOrder: 10) { _ in }
    func won(_ owner: MemoryOwner) throws -> [UInt64] {
      var pages: [UInt64] = []
      let count = try memory.releaseLate(owner, in: &owners, of: fixture.map) {
        pages.append($0.first.number)
      }
      #expect(count == UInt64(pages.count))
      return pages
    }
    #expect(try won(.loader(.module(0))) == [3])
    #expect(try won(.loader(.module(1))) == [5, 6, 7])
    #expect(try won(.loader(.module(0))) == [])
    #expect(try won("nobody") == [])
    #expect(owners.count == 2 && owners.owner(of: 1) == .kernelImage)
  }

  @Test func releaseLate_ofAllocations_handsOverWholePagesOnly() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    // The first and the last page are those of others too, whose names are not known.
    _ = try memory.allocate(AllocationRequest(byteCount: 64, goal: .none))
    let start = try memory.allocate(
      AllocationRequest(byteCount: 0x3000, goal: .none), as: "init", neededOnlyDuringBoot: true,
      in: &owners)
    #expect(start.rawValue == 0x1040)
    _ = try memory.allocate(AllocationRequest(byteCount: 64, goal: .none))
    try memory.handOver(maximumOrder: 10) { _ in }
    #expect(owners.firstOwnerNeededOnlyDuringBoot() == "init")
    var pages: [UInt64] = []
    try memory.releaseLate("init", in: &owners, of: fixture.map) { pages.append($0.first.number) }
    #expect(pages == [2, 3])
    #expect(owners.firstOwnerNeededOnlyDuringBoot() == nil)
  }

  @Test func releaseLate_staysBelowTheLimit() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<9, .loader(.module(0)))])
    var memory = try setUp(fixture, &owners)
    try memory.handOver(maximumOrder: 10) { _ in }
    #expect(
      try memory.releaseLate(.loader(.module(0)), in: &owners, of: fixture.map, below: 6) { _ in }
        == 2)
  }

  @Test func releaseLate_beforeTheHandOver_isRefused_andTheOwnerStays() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners([(4..<6, .loader(.module(0)))])
    var memory = try setUp(fixture, &owners)
    #expect(throws: BootMemoryError.misuse(.notHandedOver)) {
      try memory.releaseLate(.loader(.module(0)), in: &owners, of: fixture.map) { _ in }
    }
    #expect(owners.owner(of: 4) == .loader(.module(0)))
  }

  @Test func release_countsThePagesOfEveryStretch() throws {
    let fixture = try PlanFixture(usable: [0..<4, 5..<64])
    var owners = try fixture.owners([(1..<8, "a"), (10..<11, "b"), (12..<13, "a")])
    var stretches: [PageRange] = []
    #expect(owners.release("a", of: fixture.map) { stretches.append($0) } == 7)
    #expect(stretches == [range(1..<4), range(5..<8), range(12..<13)])
  }

  @Test(arguments: [1, 5] as [PageFrame])
  func release_thatIsRefused_keepsTheRangeFromThereOn(refused: PageFrame) throws {
    struct Refused: Error {}
    let fixture = try PlanFixture(usable: [0..<4, 5..<64])
    var owners = try fixture.owners([(1..<8, .loader(.module(0)))])
    var released: [PageRange] = []
    do throws(Refused) {
      try owners.release(.loader(.module(0)), of: fixture.map) { pages throws(Refused) in
        if pages.start == refused { throw Refused() }
        released.append(pages)
      }
      Issue.record("no page was refused")
    } catch {
      #expect(lines(owners) == [refused == 1 ? "1000-7fff module 0" : "5000-7fff module 0"])
      #expect(released == (refused == 1 ? [] : [range(1..<4)]))
    }
  }

  @Test func release_thatIsRefusedInTheFirstPage_keepsNoMoreOfItThanWasHeld() throws {
    struct Refused: Error {}
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    try owners.add(AddressRange(0x1800..<0x3000), .loader(.module(0)))
    #expect(throws: Refused.self) {
      try owners.release(.loader(.module(0)), of: fixture.map) { _ throws(Refused) in
        throw Refused()
      }
    }
    #expect(lines(owners) == ["1800-2fff module 0"])
  }

  @Test func markNeededOnlyDuringBoot_marksThoseThatAreNamed() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([
      (1..<2, .kernelImage), (2..<3, .loader(.memoryMap)), (4..<5, .loader(.module(0))),
    ])
    owners.markNeededOnlyDuringBoot { $0 == .loader(.module(0)) }
    #expect(owners.firstOwnerNeededOnlyDuringBoot() == .loader(.module(0)))
    #expect(owners.firstOwnerNeededOnlyDuringBoot { $0 == .kernelImage } == nil)
    #expect(!owners[1].isNeededOnlyDuringBoot)
  }
}
