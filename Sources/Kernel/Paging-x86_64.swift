#if hasFeature(Embedded) && arch(x86_64)
import Board
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// Address translation on x86_64: usable memory mapped to itself (Intel SDM volume 3, 4.5).
///
/// The entry code maps the first 4 GiB.  The tables for the rest come from boot memory itself: from
/// one that knows only those 4 GiB, and gives way to the one that knows all.
enum Paging {
  static let processorName: StaticString = "x86_64"

  /// The page behind the last one that the entry code maps.
  static var mappedEnd: PageFrame { PageFrame(1 << 20) }

  private static let presentWritable: UInt64 = 0x03
  private static let presentWritableLarge: UInt64 = 0x83
  private static let addressMask: UInt64 = 0x000f_ffff_ffff_f000
  private static let gibibytePageShift: UInt64 = 18
  private static let entryCount: UInt64 = 512

  /// The page behind the last one that can be mapped to itself: what the processor has address lines
  /// for, and at most the lower half of the virtual addresses of four-level paging.
  static var reach: PageFrame {
    var leaf = board_cpuid()
    guard unsafe board_cpuid(0x8000_0008, &leaf) else { return PageFrame(1 << (36 - 12)) }
    return PageFrame(1 << UInt64(min(leaf.eax & 0xff, 47) - 12))
  }

  private static var hasGibibytePages: Bool {
    var leaf = board_cpuid()
    return unsafe board_cpuid(0x8000_0001, &leaf) && leaf.edx & 1 << 26 != 0
  }

  /// Makes a nil pointer and a stack that runs over trap, and code and constants read-only.
  static func protectLowMemory(tables: inout StaticMemory) {
    let table = unsafe tables.take(UInt64.self, count: Int(entryCount), alignment: 4096)
    for index in 0..<Int(entryCount) {
      let address = UInt(index) << 12
      let entry =
        switch LowPage(at: address) {
        case .unmapped: 0 as UInt64
        case .readOnly: UInt64(address) | 0x01
        case .writable: UInt64(address) | presentWritable
        }
      unsafe table.initializeElement(at: index, to: entry)
    }
    let directory = unsafe entries(at: UInt64(board_boot_page_directories()))
    unsafe directory[0] = UInt64(UInt(bitPattern: table.baseAddress)) | presentWritable
    board_reload_page_tables()
  }

  /// Maps the usable memory of `map` above the first 4 GiB.
  ///
  /// - Parameters:
  ///   - node: Storage for a node, needed only here.
  ///   - owners: Who holds what; the tables are added.
  static func mapUsableMemory(
    of map: MemoryMap, node: UnsafeMutableBufferPointer<BootMemoryNode>, owners: inout OwnerTable
  ) throws(KernelError) {
    guard let low = PageRange(start: PageFrame(0), end: mappedEnd),
      let high = PageRange(start: mappedEnd, end: reach)
    else { return }
    var tableCount: UInt64 = 0
    forEachGibibyte(of: map, in: high) { _, isFirstOfTable in
      tableCount += (isFirstOfTable ? 1 : 0) + (hasGibibytePages ? 0 : 1)
    }
    let start = unsafe try allocateTables(tableCount, of: map, in: low, node: node, owners: &owners)
    fill(from: start.rawValue, for: map, in: high)
  }

  /// Allocates tables from a boot memory of the first 4 GiB.
  private static func allocateTables(
    _ count: UInt64, of map: MemoryMap, in low: PageRange,
    node: UnsafeMutableBufferPointer<BootMemoryNode>, owners: inout OwnerTable
  ) throws(KernelError) -> PhysicalAddress {
    guard count > 0 else { return PhysicalAddress(0) }
    do {
      var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: node)
      try memory.setUpNode(NodeID(0), spanning: low, of: map, owners: &owners)
      // Its bitmap is not needed any more once the tables are there.
      owners.removeLast()
      let byteCount = count * PageFrame.byteCount
      let start = try allocate(byteCount, from: &memory)
      if let range = AddressRange(start: start, byteCount: byteCount) {
        try owners.add(range, .pageTables)
      }
      return start
    } catch {
      throw .bootPlan(error)
    }
  }

  private static func allocate(
    _ byteCount: UInt64, from memory: inout BootMemory
  ) throws(BootPlanError) -> PhysicalAddress {
    do { return try memory.allocate(.pages(byteCount: byteCount)) } catch {
      throw .bootMemory(error)
    }
  }

  /// Fills the tables from `start` on, in the order in which they were counted.
  private static func fill(from start: UInt64, for map: MemoryMap, in high: PageRange) {
    let root = unsafe entries(at: UInt64(board_boot_page_root()))
    let isLarge = hasGibibytePages
    var next = start
    forEachGibibyte(of: map, in: high) { gibibyte, isFirstOfTable in
      let slot = Int(gibibyte / entryCount)
      if isFirstOfTable {
        unsafe root[slot] = next | presentWritable
        next += PageFrame.byteCount
      }
      let table = unsafe entries(at: root[slot] & addressMask)
      let address = gibibyte << 30
      if isLarge {
        unsafe table[Int(gibibyte % entryCount)] = address | presentWritableLarge
        return
      }
      let directory = unsafe entries(at: next)
      for index in 0..<Int(entryCount) {
        unsafe directory[index] = address + UInt64(index) << 21 | presentWritableLarge
      }
      unsafe table[Int(gibibyte % entryCount)] = next | presentWritable
      next += PageFrame.byteCount
    }
  }

  /// Visits each GiB of `window` with usable memory in it, in ascending order, and says whether it is
  /// the first one that its table of 512 GiB is needed for.  The first such table is there already.
  private static func forEachGibibyte(
    of map: MemoryMap, in window: PageRange, _ body: (UInt64, Bool) -> Void
  ) {
    var next: UInt64 = 0
    var currentTable: UInt64 = 0
    var ranges = map.usablePages(in: window)
    while let pages = ranges.next() {
      let first = max(pages.start.number >> gibibytePageShift, next)
      let end = (pages.end.number - 1) >> gibibytePageShift + 1
      guard first < end else { continue }
      for gibibyte in first..<end {
        let table = gibibyte / entryCount
        body(gibibyte, table != currentTable)
        currentTable = table
      }
      next = end
    }
  }

  /// A page table: all of them lie in the first 4 GiB, mapped to themselves.
  private static func entries(at address: UInt64) -> UnsafeMutableBufferPointer<UInt64> {
    unsafe UnsafeMutableBufferPointer(
      start: UnsafeMutablePointer(bitPattern: UInt(address)), count: Int(entryCount))
  }
}
#endif
