// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import Testing

/// The debug mode of a ledger, on memory in an arena.
@Suite struct MemoryChecksTests {
  /// What the checks have written.
  private final class Lines {
    var text = ""
  }

  private let lines = Lines()

  /// Boot memory of pages 0 to 63, the bitmap in page 0, and the ledger's debug mode on.
  private func setUp(
    _ fixture: PlanFixture, _ owners: inout OwnerTable, freedCapacity: Int = 4
  ) throws -> BootMemory {
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: PageRange(0..<64), of: fixture.map, owners: &owners)
    unsafe owners.startChecking(
      freedRanges: fixture.freedStorage(capacity: freedCapacity),
      context: Unmanaged.passUnretained(lines).toOpaque()
    ) { context, text, byteCount in
      let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
      unsafe Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue().text +=
        String(decoding: bytes, as: UTF8.self)
    }
    return memory
  }

  private func request(_ byteCount: UInt64, alignment: UInt64 = 64) -> AllocationRequest {
    AllocationRequest(byteCount: byteCount, alignment: alignment, goal: .none)
  }

  private func write(
    _ byte: UInt8, at address: PhysicalAddress, in memory: borrowing BootMemory
  ) throws {
    unsafe try #require(memory.pointer(to: address)).storeBytes(of: byte, as: UInt8.self)
  }

  private func byte(
    at address: PhysicalAddress, in memory: borrowing BootMemory
  ) throws -> UInt8 {
    unsafe try #require(memory.pointer(to: address)).load(as: UInt8.self)
  }

  @Test func off_changesNoAddress_andLooksAtNothing() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: PageRange(0..<64), of: fixture.map, owners: &owners)
    let first = try memory.allocate(request(64), as: "a", in: &owners)
    #expect(try memory.allocate(request(64), as: "b", in: &owners).rawValue == first.rawValue + 64)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    #expect(!owners.checks.isOn && memory.checkMemory(in: &owners) == 0)
    #expect(owners.checks.leftOutCount == 0)
  }

  @Test func nothingWrong_nothingSaid_smallOnesTakeSixteenBytesMore() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    let small = try memory.allocate(request(100), as: "small", in: &owners)
    let next = try memory.allocate(request(4, alignment: 4), as: "next", in: &owners)
    let page = try memory.allocate(request(0x1000, alignment: 0x1000), as: "page", in: &owners)
    #expect(small == 0x1000 && next.rawValue == 0x1000 + 116 && page == 0x2000)
    for offset in 0..<100 as Range<UInt64> {
      #expect(try byte(at: PhysicalAddress(small.rawValue + offset), in: memory) == 0)
    }
    try write(1, at: PhysicalAddress(small.rawValue + 99), in: memory)
    try memory.free(AddressRange(0x2000..<0x3000), in: &owners)
    #expect(try byte(at: PhysicalAddress(0x2fff), in: memory) == MemoryChecks.freedByte)
    #expect(memory.checkMemory(in: &owners) == 0)
    #expect(try memory.allocate(request(0x2000, alignment: 0x1000), as: "two", in: &owners) == page)
    #expect(try byte(at: PhysicalAddress(0x2fff), in: memory) == 0)
    #expect(memory.checkMemory(in: &owners) == 0 && lines.text == "")
  }

  @Test func writeBehindTheEnd_isToldWithAddressAndOwner() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(100), as: "boot CPU's data", in: &owners)
    try write(0x41, at: PhysicalAddress(0x1000 + 115), in: memory)
    let line = """
      memory check: 0x41 instead of 0xbd at 0x1073, behind the end of boot CPU's data

      """
    #expect(memory.checkMemory(in: &owners) == 1 && lines.text == line)
    // When it is freed too; and then there is nothing to look at any more.
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    #expect(owners.checks.violationCount == 2 && lines.text == line + line)
    #expect(memory.checkMemory(in: &owners) == 0)
  }

  @Test func severalWrongBytesOfARange_areToldOnce() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(100), as: "log", in: &owners)
    for offset in 104..<112 as Range<UInt64> {
      try write(0x41, at: PhysicalAddress(0x1000 + offset), in: memory)
    }
    #expect(memory.checkMemory(in: &owners) == 1)
    #expect(lines.text == "memory check: 0x41 instead of 0xbd at 0x1068, behind the end of log\n")
  }

  // Its last byte is the last of the page that is freed, and its zone lies in the next.
  @Test func writeBehindTheEnd_isToldWhenThePageBeforeItIsFreed() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(0xee0), as: "first", in: &owners)
    #expect(try memory.allocate(request(0x100), as: "log", in: &owners) == 0x1f00)
    try write(0x41, at: PhysicalAddress(0x2000), in: memory)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    #expect(lines.text == "memory check: 0x41 instead of 0xbd at 0x2000, behind the end of log\n")
  }

  @Test func allocation_isEnteredAsWithoutChecks() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(100), as: "log", neededOnlyDuringBoot: true, in: &owners)
    let held = owners[owners.count - 1]
    #expect(held.isAllocated && held.isNeededOnlyDuringBoot)
    #expect(held.range == AddressRange(0x1000..<0x1064))
  }

  @Test func handOver_looksAtAllMemory() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(100), as: "log", in: &owners)
    try write(0x41, at: PhysicalAddress(0x1000 + 100), in: memory)
    #expect(try memory.handOver(maximumOrder: 10, in: &owners) { _ in } == 64 - 1)
    #expect(owners.checks.violationCount == 1)
    #expect(lines.text == "memory check: 0x41 instead of 0xbd at 0x1064, behind the end of log\n")
  }

  @Test func writeAfterFree_isToldWithAddressAndWhoHadIt() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(0x2000, alignment: 0x1000), as: "ring", in: &owners)
    try memory.free(AddressRange(0x1000..<0x3000), in: &owners)
    try write(7, at: PhysicalAddress(0x2234), in: memory)
    let line = "memory check: 0x7 instead of 0x6b at 0x2234, freed by ring\n"
    #expect(memory.checkMemory(in: &owners) == 1 && lines.text == line)
    // The allocation that gets the byte tells of it, once.
    #expect(try memory.allocate(request(0xfe0), as: "first", in: &owners) == 0x1000)
    #expect(lines.text == line)
    #expect(try memory.allocate(request(0x1000), as: "second", in: &owners) == 0x2000)
    #expect(lines.text == line + line)
    #expect(memory.checkMemory(in: &owners) == 0)
  }

  @Test func memoryThatIsNotCleared_isNotTouched() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(0x1000, alignment: 0x1000), as: "page", in: &owners)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    var plain = request(8)
    plain.clearsMemory = false
    #expect(try memory.allocate(plain, as: "as it is", in: &owners) == 0x1000)
    #expect(try byte(at: PhysicalAddress(0x1000), in: memory) == MemoryChecks.freedByte)
    try write(9, at: PhysicalAddress(0x1000), in: memory)
    #expect(memory.checkMemory(in: &owners) == 0)
  }

  @Test func reserved_mayBeWrittenTo() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(0x2000, alignment: 0x1000), as: "page", in: &owners)
    try memory.free(AddressRange(0x1000..<0x3000), in: &owners)
    try memory.reserve(AddressRange(0x1800..<0x1900), as: "shared page", in: &owners)
    try write(9, at: PhysicalAddress(0x1000), in: memory)
    #expect(memory.checkMemory(in: &owners) == 0)
    try write(9, at: PhysicalAddress(0x2000), in: memory)
    #expect(memory.checkMemory(in: &owners) == 1)
  }

  @Test(arguments: [(0x2000, 1), (0x1800, 0)] as [(PhysicalAddress, Int)])
  func reservedWithoutAByte_isThePageAroundIt(start: PhysicalAddress, violationCount: Int) throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(0x1000, alignment: 0x1000), as: "page", in: &owners)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    try memory.reserve(AddressRange(start..<start), as: "nothing", in: &owners)
    try write(9, at: PhysicalAddress(0x1000), in: memory)
    #expect(memory.checkMemory(in: &owners) == violationCount)
    #expect(owners.owner(of: 1) == nil)
  }

  @Test(arguments: [(4, 6), (6, 4)] as [(PageFrame, PageFrame)])
  func freedBitmaps_areNotFilled_whicheverNodeComesFirst(
    first: PageFrame, second: PageFrame
  ) throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    try memory.registerNode(NodeID(0), spanning: range(0..<32), bitmapAt: first)
    try memory.registerNode(NodeID(1), spanning: range(32..<64), bitmapAt: second)
    unsafe owners.startChecking(freedRanges: fixture.freedStorage(capacity: 4), write: nil)
    for page in 3..<8 as Range<UInt64> {
      try write(5, at: PhysicalAddress(page << 12 | 0xfff), in: memory)
    }
    try memory.free(AddressRange(0x3000..<0x8000), in: &owners)
    let bytes = try (3..<8 as Range<UInt64>).map {
      try byte(at: PhysicalAddress($0 << 12 | 0xfff), in: memory)
    }
    #expect(bytes == [0x6b, 5, 0x6b, 5, 0x6b])
    #expect(memory.checkMemory(in: &owners) == 0 && owners.checks.leftOutCount == 0)
  }

  @Test func noRoomToNoteWhatIsFreed_isCounted() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners, freedCapacity: 1)
    _ = try memory.allocate(request(0x3000, alignment: 0x1000), as: "pages", in: &owners)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    try write(5, at: PhysicalAddress(0x3000), in: memory)
    try memory.free(AddressRange(0x3000..<0x4000), in: &owners)
    #expect(owners.checks.leftOutCount == 1)
    #expect(try byte(at: PhysicalAddress(0x3000), in: memory) == 5)
    #expect(memory.checkMemory(in: &owners) == 0)
  }

  @Test func noRoomForTheRestOfWhatIsFreed_isCounted() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners, freedCapacity: 1)
    _ = try memory.allocate(request(0x3000, alignment: 0x1000), as: "pages", in: &owners)
    try memory.free(AddressRange(0x1000..<0x4000), in: &owners)
    try memory.reserve(AddressRange(0x2000..<0x3000), as: "the middle", in: &owners)
    #expect(owners.checks.leftOutCount == 1)
  }

  @Test func noRoomForAZone_isNoFailure() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    _ = try memory.allocate(request(62 << 12, alignment: 0x1000), as: "most", in: &owners)
    #expect(try memory.allocate(request(0xff8), as: "last", in: &owners) == 0x3f000)
    #expect(memory.checkMemory(in: &owners) == 0)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x1000)) {
      _ = try memory.allocate(request(0x1000), as: "none left", in: &owners)
    }
    #expect(throws: BootMemoryError.misuse(.zeroByteCount)) {
      _ = try memory.allocate(request(0), as: "nothing", in: &owners)
    }
  }

  @Test func freedInPart_theRestKeepsItsZone() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var owners = try fixture.owners()
    var memory = try setUp(fixture, &owners)
    // It begins in one page and ends in the next.
    _ = try memory.allocate(request(0x800), as: "first", in: &owners)
    let start = try memory.allocate(request(0xf00), as: "across", in: &owners)
    #expect(start.rawValue == 0x1840)
    try memory.free(AddressRange(0x1000..<0x2000), in: &owners)
    try write(1, at: PhysicalAddress(0x2740), in: memory)
    #expect(memory.checkMemory(in: &owners) == 1)
    #expect(lines.text == "memory check: 0x1 instead of 0xbd at 0x2740, behind the end of across\n")
  }
}
