// SPDX-License-Identifier: MIT
import Bootmem
import TestSupport

/// A PC with 16 MiB of memory as Multiboot 1 leaves it, and the account that comes of it.
struct AccountedMachine: PhysicalMemoryReader {
  /// Where the loader's information lies.
  static let information: UInt64 = 0x9000
  /// Where ACPI's table of tables lies; the first table behind it.
  static let rootTable: UInt64 = 0x30_0000
  static let firstTable: UInt64 = 0x30_1000
  /// Where the kernel lies.
  static let image = AddressRange(0x10_0000..<0x14_0000)

  private var bytes: [UInt64: UInt8] = [:]
  private var flags: UInt32 = 0

  /// How large the tables are, and how far the kernel reaches.
  var capacity = MachineAccount.Capacity()
  var reach: PageFrame = 0x10_0000

  init(usable: [Range<UInt64>] = [0..<0x9_fc00, 0x10_0000..<0x100_0000]) {
    set(flag: 6)
    put(UInt32(24 * usable.count), at: Self.information + 44)
    put(UInt32(0x9100), at: Self.information + 48)
    for (index, range) in usable.enumerated() {
      let entry = 0x9100 + UInt64(24 * index)
      put(UInt32(20), at: entry)
      put(range.lowerBound, at: entry + 4)
      put(range.upperBound - range.lowerBound, at: entry + 12)
      put(UInt32(1), at: entry + 20)
    }
  }

  func byte(at address: PhysicalAddress) -> UInt8? { bytes[address.rawValue] ?? 0 }

  /// Puts a number there, the least byte first.
  mutating func put(_ value: some FixedWidthInteger & UnsignedInteger, at address: UInt64) {
    for index in 0..<UInt64(type(of: value).bitWidth / 8) {
      bytes[address + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }

  private mutating func set(flag: UInt32) {
    flags |= 1 << flag
    put(flags, at: Self.information)
  }

  /// The loader hands over a command line.
  mutating func setCommandLine(_ text: String) {
    set(flag: 2)
    put(UInt32(0x9800), at: Self.information + 16)
    for (index, byte) in (Array(text.utf8) + [0]).enumerated() {
      bytes[0x9800 + UInt64(index)] = byte
    }
  }

  /// The loader hands over a module.
  mutating func setModule(_ range: Range<UInt32>) {
    set(flag: 3)
    put(UInt32(1), at: Self.information + 20)
    put(UInt32(0x9400), at: Self.information + 24)
    put(range.lowerBound, at: 0x9400)
    put(range.upperBound, at: 0x9404)
  }

  /// The firmware has ACPI's table of affinities, which gives these ranges to nodes 0, 1 and so on; those
  /// of the nodes from `firstHotPluggable` on are hot-pluggable.
  mutating func setNodes(_ ranges: [Range<UInt64>], firstHotPluggable: Int = .max) {
    let pointer: UInt64 = 0xf_0000
    put(0x2052_5450_2044_5352 as UInt64, at: pointer)
    put(UInt32(Self.rootTable), at: pointer + 16)
    sum(pointer, byteCount: 20, at: 8)
    put(0x5444_5352 as UInt32, at: Self.rootTable)
    put(UInt32(40), at: Self.rootTable + 4)
    put(UInt32(Self.firstTable), at: Self.rootTable + 36)
    sum(Self.rootTable, byteCount: 40, at: 9)
    let byteCount = UInt64(48 + 40 * ranges.count)
    put(0x5441_5253 as UInt32, at: Self.firstTable)
    put(UInt32(byteCount), at: Self.firstTable + 4)
    for (index, range) in ranges.enumerated() {
      let entry = Self.firstTable + 48 + UInt64(40 * index)
      put(UInt16(0x2801), at: entry)
      put(UInt32(index), at: entry + 2)
      put(range.lowerBound, at: entry + 8)
      put(range.upperBound - range.lowerBound, at: entry + 16)
      put(UInt32(index < firstHotPluggable ? 1 : 3), at: entry + 28)
    }
    sum(Self.firstTable, byteCount: byteCount, at: 9)
  }

  /// Makes all bytes of a table add up to 0 by the one at `offset`.
  private mutating func sum(_ table: UInt64, byteCount: UInt64, at offset: UInt64) {
    put(UInt8(0), at: table + offset)
    let sum = (table..<table + byteCount).reduce(UInt8(0)) { $0 &+ (bytes[$1] ?? 0) }
    put(0 &- sum, at: table + offset)
  }

  /// What an account says, as text and numbers that a test can compare.
  struct Result {
    var notes = ""
    var error: String?
    var held = ""
    var usablePageCount: UInt64 = 0
    var reservedPageCount: UInt64 = 0
    var freePageCount: UInt64 = 0
    var nodeCount = 0
    var nodes = ""
    var hotPluggable = ""
    var memoryTestPassCount = 0
  }

  /// The account, and boot memory set up by it with storage for so many nodes.
  ///
  /// The block of storage has as many bytes as the capacity says, and begins at an odd address.
  func account(nodeCapacity: Int = 4) -> Result {
    let block = UnsafeMutableRawPointer.allocate(byteCount: capacity.byteCount + 1, alignment: 16)
    let nodes = UnsafeMutableBufferPointer<BootMemoryNode>.allocate(capacity: nodeCapacity)
    let arena = UnsafeMutableRawPointer.allocate(byteCount: 16 << 20, alignment: 4096)
    defer {
      unsafe block.deallocate()
      unsafe nodes.deallocate()
      unsafe arena.deallocate()
    }
    var storage = unsafe TableStorage(
      start: block + 1, end: block + 1 + capacity.byteCount)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = UInt(bitPattern: arena)
    var sink = PrintedText()
    var result = Result()
    do throws(BootError) {
      var account = try MachineAccount(
        reading: Multiboot1(), at: PhysicalAddress(Self.information), in: self, image: Self.image,
        bootStack: AddressRange(0x14_0000..<0x14_4000), below: reach, capacity: capacity,
        storage: &storage, reportingTo: &sink)
      var memory = unsafe BootMemory(platform: platform, nodes: nodes)
      try memory.setUpNodes(of: &account, reportingTo: &sink)
      var text = PrintedText()
      account.owners.write(to: &text)
      result.held = text.text
      text = PrintedText()
      account.nodes.write(to: &text)
      result.nodes = text.text
      text = PrintedText()
      account.nodes.hotPluggable.write(to: &text)
      result.hotPluggable = text.text
      result.nodeCount = account.nodes.nodeCount
      result.memoryTestPassCount = account.parameters.memoryTestPassCount
      result.usablePageCount = account.map.usablePageCount(below: account.reach)
      for pages in account.map.usablePages(below: account.reach) {
        result.reservedPageCount += memory.reservedPageCount(in: pages)
        result.freePageCount += memory.freePageCount(in: pages)
      }
    } catch {
      var text = PrintedText()
      error.write(to: &text)
      result.error = text.text
    }
    result.notes = sink.text
    return result
  }
}
