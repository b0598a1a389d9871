// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import FuzzKit
import MemoryMap
import PhysicalMemory

/// Calls of boot memory that are entered in a ledger, legal and hostile, each judged by a list of the
/// bytes that every entry has.
struct LedgerTarget: ~Copyable {
  private struct Entry {
    let owner: Int
    let isAllocated: Bool
    private(set) var bytes = PageRuns()
    /// The pages in which it has a byte.
    private(set) var touchedPages = PageRuns()

    init(_ bytes: Range<UInt64>, owner: Int, isAllocated: Bool) {
      self.owner = owner
      self.isAllocated = isAllocated
      self.bytes.insert(bytes)
      touchedPages = pages { ($0 >> shift, ($1 + mask) >> shift) }
    }

    /// Takes bytes away that it may have.
    mutating func remove(_ range: Range<UInt64>) {
      bytes.remove(range)
      touchedPages = pages { ($0 >> shift, ($1 + mask) >> shift) }
    }

    /// The pages that are the entry's own: of an allocation those that it has all bytes of.
    var ownPages: PageRuns {
      isAllocated ? pages { (($0 + mask) >> shift, $1 >> shift) } : touchedPages
    }

    private var shift: UInt64 { PageFrame.byteCountShift }
    private var mask: UInt64 { PageFrame.byteCount - 1 }

    private func pages(_ round: (UInt64, UInt64) -> (UInt64, UInt64)) -> PageRuns {
      var pages = PageRuns()
      for run in bytes.runs {
        let (start, end) = round(run.lowerBound, run.upperBound)
        if start < end { pages.insert(start..<end) }
      }
      return pages
    }
  }

  private static let owners: [MemoryOwner] = ["log", "page table", "stack", "init code"]
  /// One node; its bitmap lies in its first page.
  private static let pages: Range<UInt64> = 0x200..<0x280

  private var memory: BootMemory
  private var table: OwnerTable
  private var entries: [Entry] = []

  static func run(_ input: inout FuzzInput) {
    var target = LedgerTarget(&input)
    target.makeCalls(&input)
  }

  private init(_ input: inout FuzzInput) {
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: Storage.shared.memory.start)
    memory = unsafe BootMemory(platform: platform, nodes: Storage.shared.nodes)
    let node = PageRange(Self.pages)
    try! memory.registerNode(NodeID(0), spanning: node, bitmapAt: node.start)
    try! memory.free(node)
    try! memory.reserve(PageRange(Self.pages.lowerBound..<Self.pages.lowerBound + 1))
    let flags = input.byte()
    let capacity = flags & 1 == 0 ? 256 : Int(flags >> 2)
    table = unsafe OwnerTable(
      storage: UnsafeMutableBufferPointer(rebasing: Storage.shared.owners[..<capacity]))
    if flags & 2 != 0 {
      unsafe table.startChecking(
        freedRanges: UnsafeMutableBufferPointer(
          rebasing: Storage.shared.heldRanges[..<Int(input.byte() & 31)]), write: nil)
    }
  }

  private mutating func makeCalls(_ input: inout FuzzInput) {
    var callCount = 0
    calls: while !input.isAtEnd {
      switch input.number(upTo: 31) {
      case 0..<14: allocate(&input)
      case 14..<20: reserve(&input)
      case 20..<31: free(&input)
      default: break calls
      }
      // What had no room is not known any more.
      guard table.neededCapacity == table.count else { return judgeFull() }
      callCount += 1
      // To judge after each would take most of the time; an input that ends here is judged here, too.
      if callCount % 4 == 0 { judgeTable() }
    }
    judgeTable()
    handOver(&input)
  }

  // MARK: Calls

  private func range(_ input: inout FuzzInput) -> AddressRange {
    // Up to some pages behind the node, but not the bitmap's.
    let page = Self.pages.lowerBound + 1 + UInt64(input.byte()) % 0x84
    let offset = input.oneIn(2) ? 0 : UInt64(input.number(UInt16.self)) % PageFrame.byteCount
    let byteCount =
      input.oneIn(3)
      ? UInt64(input.number(UInt16.self)) : UInt64(input.byte() & 15) * PageFrame.byteCount
    return AddressRange(
      start: PhysicalAddress(page << PageFrame.byteCountShift + offset),
      clampingByteCount: byteCount)
  }

  private mutating func allocate(_ input: inout FuzzInput) {
    let owner = input.number(upTo: Self.owners.count - 1)
    let byteCount =
      input.oneIn(2)
      ? UInt64(input.byte()) : UInt64(input.number(UInt16.self)) % (4 * PageFrame.byteCount)
    var request = AllocationRequest(byteCount: byteCount, alignment: 1 << UInt64(input.byte() & 13))
    request.clearsMemory = !input.oneIn(4)
    var text: String { "allocate \(byteCount) aligned to \(request.alignment) as \(owner)" }
    do throws(BootMemoryError) {
      let start = try memory.allocate(
        request, as: Self.owners[owner], neededOnlyDuringBoot: owner == 3, in: &table
      ).rawValue
      note("\(text): 0x\(String(start, radix: 16))")
      let bytes = start..<start + byteCount
      let isInNode =
        bytes.lowerBound >= (Self.pages.lowerBound + 1) << PageFrame.byteCountShift
        && bytes.upperBound <= Self.pages.upperBound << PageFrame.byteCountShift
      judge(isInNode, "\(text) gave 0x\(String(start, radix: 16))")
      for entry in entries {
        judge(entry.bytes.first(in: bytes) == nil, "\(text) gave bytes of \(entry)")
        guard !entry.isAllocated, byteCount > 0 else { continue }
        let last = (bytes.upperBound - 1) >> PageFrame.byteCountShift
        let pages = start >> PageFrame.byteCountShift..<last + 1
        judge(entry.touchedPages.first(in: pages) == nil, "\(text) gave a page of \(entry)")
      }
      // A kernel uses all of it, and nothing else.
      if let pointer = unsafe memory.pointer(to: PhysicalAddress(start)) {
        unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0x41, count: Int(byteCount))
      }
      add(bytes, owner, isAllocated: true)
    } catch {
      note("\(text): \(error)")
    }
  }

  private mutating func reserve(_ input: inout FuzzInput) {
    let owner = input.number(upTo: Self.owners.count - 1)
    let range = range(&input)
    let exclusively = input.oneIn(2)
    var text: String { "reserve \(range) as \(owner)" }
    note(text)
    do throws(BootMemoryError) {
      try memory.reserve(
        range, as: Self.owners[owner], exclusively: exclusively, neededOnlyDuringBoot: owner == 3,
        in: &table)
      let bytes = range.start.rawValue..<range.start.rawValue + range.byteCount
      if exclusively {
        let pages = range.touchedPages.numbers
        for entry in entries {
          judge(
            range.isEmpty || entry.touchedPages.first(in: pages) == nil,
            "\(text) was not refused, though there is \(entry)")
        }
      }
      add(bytes, owner, isAllocated: false)
    } catch {
      note("\(text): \(error)")
    }
  }

  private mutating func add(_ bytes: Range<UInt64>, _ owner: Int, isAllocated: Bool) {
    guard !bytes.isEmpty else { return }
    entries.append(Entry(bytes, owner: owner, isAllocated: isAllocated))
  }

  private mutating func free(_ input: inout FuzzInput) {
    var range = range(&input)
    // Mostly what somebody has.
    if !entries.isEmpty, !input.oneIn(3) {
      let entry = entries[Int(input.number(UInt16.self)) % entries.count]
      range = AddressRange(
        start: PhysicalAddress(entry.bytes.runs[0].lowerBound),
        clampingByteCount: entry.bytes.runs[0].upperBound - entry.bytes.runs[0].lowerBound)
    }
    note("free \(range)")
    do throws(BootMemoryError) {
      try memory.free(range, in: &table)
    } catch {
      return note("free \(range): \(error)")
    }
    guard let pages = range.wholePages?.numbers, !pages.isEmpty else { return }
    for index in entries.indices {
      entries[index].remove(
        pages.lowerBound << PageFrame.byteCountShift..<pages.upperBound << PageFrame.byteCountShift)
    }
    entries.removeAll { $0.bytes.runs.isEmpty }
  }

  /// Hands over, and then releases what an owner has.
  private mutating func handOver(_ input: inout FuzzInput) {
    var isReleased = PageRuns()
    _ = try! memory.handOver(maximumOrder: 10, in: &table) { block in
      isReleased.insert(block.first.number..<block.first.number + block.pageCount)
    }
    judge(table.checks.violationCount == 0, "memory is not as it was left, says the ledger")
    var regions = unsafe MemoryRegionList(storage: Storage.shared.regions)
    regions.append(MemoryRegion(range: AddressRange(PageRange(Self.pages))!, kind: .usable))
    let map = unsafe try! MemoryMap(sanitizing: &regions, storage: Storage.shared.map)
    // Each owner twice, and some that have nothing any more.
    for _ in 0..<2 * Self.owners.count {
      guard !input.isAtEnd else { return }
      let owner = input.number(upTo: Self.owners.count - 1)
      let own = entries.filter { $0.owner == owner }
      let others = entries.filter { $0.owner != owner }
      var given = PageRuns()
      note("release \(owner)")
      _ = try! memory.releaseLate(Self.owners[owner], in: &table, of: map) { block in
        let pages = block.first.number..<block.first.number + block.pageCount
        judge(
          isReleased.first(in: pages) == nil && given.first(in: pages) == nil,
          "\(pages) is released twice")
        judge(others.allSatisfy { $0.touchedPages.first(in: pages) == nil }, "\(pages) is others'")
        judge(own.contains { $0.ownPages.contains(pages) }, "\(pages) is not \(owner)'s alone")
        given.insert(pages)
      }
      for page in Self.pages {
        let one = page..<page + 1
        let holders = own.filter { $0.touchedPages.contains(one) }
        if !holders.isEmpty, holders.allSatisfy({ $0.ownPages.contains(one) }),
          others.allSatisfy({ !$0.touchedPages.contains(one) })
        {
          judge(given.contains(one), "page \(page) of \(owner) is not released")
        }
      }
      given.runs.forEach { isReleased.insert($0) }
      entries = others
      judgeTable()
    }
  }

  // MARK: Judging

  /// Judges that the table has the bytes of every owner, in as many ranges as there are.
  private func judgeTable() {
    for (owner, name) in Self.owners.enumerated() {
      var found = PageRuns()
      var expected = PageRuns()
      for index in 0..<table.count where table[index].owner == name {
        let range = table[index].range
        found.insert(range.start.rawValue..<range.start.rawValue + range.byteCount)
      }
      for entry in entries where entry.owner == owner {
        entry.bytes.runs.forEach { expected.insert($0) }
      }
      judge(found == expected, "\(name) has \(found), not \(expected)")
    }
    let count = entries.reduce(0) { $0 + $1.bytes.runs.count }
    judge(table.count == count, "the table has \(table.count) ranges, not \(count)")
    // Of each page, a bit for every owner that has a byte in it.
    var holders = [UInt8](repeating: 0, count: Self.pages.count)
    for entry in entries {
      for run in entry.touchedPages.runs {
        for page in run.clamped(to: Self.pages) {
          holders[Int(page - Self.pages.lowerBound)] |= 1 << entry.owner
        }
      }
    }
    for (page, holders) in zip(Self.pages, holders) {
      let name = table.owner(of: PageFrame(page))
      let holder = name.map { name in Self.owners.firstIndex { $0 == name } ?? Self.owners.count }
      judge(
        holder.map { holders >> $0 & 1 == 1 } ?? (holders == 0), "page \(page) is \(name as Any)'s")
    }
  }

  /// Judges a table that has left something out.
  private func judgeFull() {
    judge(table.count <= table.capacity, "the table has \(table.count) ranges of \(table.capacity)")
    let count = entries.reduce(0) { $0 + $1.bytes.runs.count }
    judge(count > table.capacity, "\(count) ranges fit \(table.capacity), but some are left out")
  }
}
