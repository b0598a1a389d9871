// SPDX-License-Identifier: MIT
import BootPlan
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// What of a module is its own.  In the drawings a column is a page: U is usable, a letter a holder,
/// + what the module holds alone.
@Suite struct ModuleTests {
  private static let module0 = MemoryOwner.loader(.module(0))
  private static let module1 = MemoryOwner.loader(.module(1))

  /// The pages that the range at `index` holds alone, `FIRST-LAST`, decimal, last included.
  private func alone(
    _ index: Int, usable: [Range<UInt64>], held: [(Range<UInt64>, MemoryOwner)],
    below limit: PageFrame = .end
  ) throws -> [String] {
    let fixture = try PlanFixture(usable: usable)
    let owners = try fixture.owners(held)
    var found: [String] = []
    var page: PageFrame = 0
    while let pages = owners.nextPagesHeldAlone(
      byRangeAt: index, of: fixture.map, from: page, below: limit)
    {
      found.append("\(pages.start.number)-\(pages.end.number - 1)")
      page = pages.end
    }
    return found
  }

  // usable   UUUUUUUUUU
  // held     .KKMMMM...
  // Expect   ...++++
  @Test func nextPagesHeldAlone_ofAModuleByItselfAreAllOfIt() throws {
    #expect(
      try alone(1, usable: [0..<10], held: [(1..<3, .kernelImage), (3..<7, Self.module0)])
        == ["3-6"])
  }

  // usable   UU..UUU.UU
  // held     .MMMMMMMMM
  // Expect   .+..+++.++
  @Test func nextPagesHeldAlone_areUsable() throws {
    #expect(
      try alone(0, usable: [0..<2, 4..<7, 8..<10], held: [(1..<10, Self.module0)])
        == ["1-1", "4-6", "8-9"])
  }

  // usable   UUUUUUUUUU
  // held     MMMMMMMMMM    and over it  .KK...NNN.
  // Expect   +..+++...+
  @Test func nextPagesHeldAlone_areNobodyElses() throws {
    let held = [
      (1..<3, MemoryOwner.kernelImage), (0..<10, Self.module0), (6..<9, Self.module1),
    ].map { (UInt64($0.lowerBound)..<UInt64($0.upperBound), $1) }
    #expect(try alone(1, usable: [0..<10], held: held) == ["0-0", "3-5", "9-9"])
    #expect(try alone(2, usable: [0..<10], held: held) == [])
  }

  // usable   UUUUUUUUUU
  // held     ..MMMMMM..
  // below 5  ..+++
  @Test func nextPagesHeldAlone_areWithinReach() throws {
    #expect(try alone(0, usable: [0..<10], held: [(2..<8, Self.module0)], below: 5) == ["2-4"])
    #expect(try alone(0, usable: [0..<10], held: [(2..<8, Self.module0)], below: 2) == [])
  }

  // A module of 2^63 bytes at 2 MiB: what there is of it, in as many steps as there are ranges.
  @Test func nextPagesHeldAlone_ofAnAbsurdModuleAreFew() throws {
    #expect(
      try alone(
        0, usable: [0..<0x300, 0x400..<0x500], held: [(0x200..<0x8_0000_0000_0000, Self.module0)])
        == ["512-767", "1024-1279"])
  }

  // A page of which two modules have a part is neither's.
  @Test func nextPagesHeldAlone_sharedPageIsNobodys() throws {
    let fixture = try PlanFixture(usable: [0..<10])
    var owners = try fixture.owners()
    try owners.add(AddressRange(0x1000..<0x2800), Self.module0)
    try owners.add(AddressRange(0x2800..<0x3001), Self.module1)
    func first(_ index: Int) -> PageRange? {
      owners.nextPagesHeldAlone(byRangeAt: index, of: fixture.map, below: .end)
    }
    #expect(first(0) == PageRange(1..<2))
    #expect(first(1) == PageRange(3..<4))
  }

  private func reports(
    usable: [Range<UInt64>], held: [(Range<UInt64>, MemoryOwner)], below limit: PageFrame = .end
  ) throws -> String {
    let fixture = try PlanFixture(usable: usable)
    let owners = try fixture.owners(held, capacity: 40)
    var sink = PrintedText()
    owners.reportModules(of: fixture.map, below: limit, reportingTo: &sink)
    return sink.text
  }

  @Test func reportModules_goodOnesAreNotReported() throws {
    #expect(
      try reports(
        usable: [0..<10],
        held: [(1..<3, .kernelImage), (3..<5, Self.module0), (5..<6, Self.module1)]) == "")
  }

  @Test func reportModules_outsideUsableMemory() throws {
    let text = """
      loader: 0000000000003000-0000000000004fff module 0: lies not in usable memory within reach \
      as a whole

      """
    let held = [(UInt64(3)..<UInt64(5), Self.module0)]
    #expect(try reports(usable: [0..<4], held: held) == text)
    #expect(try reports(usable: [0..<9], held: held, below: 4) == text)
    #expect(try reports(usable: [0..<9], held: held) == "")
    #expect(try reports(usable: [0..<9], held: held, below: 5) == "")
  }

  @Test func reportModules_overTheKernelOrAnotherModule() throws {
    #expect(
      try reports(
        usable: [0..<10],
        held: [(1..<3, .kernelImage), (2..<5, Self.module0), (4..<6, Self.module1)]) == """
          loader: 0000000000002000-0000000000004fff module 0: \
          overlaps 0000000000001000-0000000000002fff kernel image
          loader: 0000000000004000-0000000000005fff module 1: \
          overlaps 0000000000002000-0000000000004fff module 0

          """)
  }

  @Test func reportModules_overWhatIsFoundLater() throws {
    #expect(
      try reports(usable: [0..<10], held: [(2..<5, Self.module0), (4..<6, .bootStack)]) == """
        loader: 0000000000002000-0000000000004fff module 0: \
        overlaps 0000000000004000-0000000000005fff boot stack

        """)
  }

  @Test func reportModules_ofManyTheFirstAndACount() throws {
    let held = (0..<30).map { (index: Int) -> (Range<UInt64>, MemoryOwner) in
      let page = UInt64(20 + index)
      return (page..<page + 1, .loader(.module(index)))
    }
    let lines = try reports(usable: [0..<10], held: held).split(separator: "\n")
    #expect(lines.count == 17)
    #expect(lines.last == "and 14 more reports of this kind")
  }
}
