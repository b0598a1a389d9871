// SPDX-License-Identifier: MIT
import Firmware
import Foundation
import MemoryMap
import PhysicalMemory
import Testing

@Suite struct Multiboot2Tests {
  /// A block at 0x20000 made of tags.
  private struct Block {
    var memory = FakeMemory()
    private var tags = ByteBuilder()

    /// What the final tag says of its size.
    var endTagSize: UInt32 = 8

    mutating func appendTag(_ type: UInt32, _ contents: ByteBuilder, size: UInt32? = nil) {
      tags.append(type)
      tags.append(size ?? UInt32(contents.bytes.count + 8))
      tags.append(contents.bytes)
      tags.pad(to: (tags.bytes.count + 7) / 8 * 8)
    }

    mutating func appendTag(_ type: UInt32, text: String) {
      var contents = ByteBuilder()
      contents.append(Array(text.utf8) + [0])
      appendTag(type, contents)
    }

    mutating func appendModule(_ start: UInt32, _ end: UInt32, text: String) {
      var contents = ByteBuilder()
      contents.append(start)
      contents.append(end)
      contents.append(Array(text.utf8) + [0])
      appendTag(3, contents)
    }

    mutating func appendMap(
      entrySize: UInt32 = 24, _ entries: [(start: UInt64, byteCount: UInt64, type: UInt32)]
    ) {
      var contents = ByteBuilder()
      contents.append(entrySize)
      contents.append(UInt32(0))
      for entry in entries {
        contents.append(entry.start)
        contents.append(entry.byteCount)
        contents.append(entry.type)
        contents.append(UInt32(0))
      }
      appendTag(6, contents)
    }

    mutating func appendSizes(_ lower: UInt32, _ upper: UInt32) {
      var contents = ByteBuilder()
      contents.append(lower)
      contents.append(upper)
      appendTag(4, contents)
    }

    /// The bytes of the block, of which it says that they are `byteCount`.
    func bytes(byteCount: UInt32? = nil) -> [UInt8] {
      var block = ByteBuilder()
      block.append(byteCount ?? UInt32(tags.bytes.count + 16))
      block.append(UInt32(0))
      block.append(tags.bytes)
      block.append(UInt32(0))
      block.append(endTagSize)
      return block.bytes
    }

    func read(byteCount: UInt32? = nil) -> BootResult {
      var memory = memory
      memory.put(bytes(byteCount: byteCount), at: 0x20000)
      return BootResult(Multiboot2(), at: 0x20000, in: memory)
    }
  }

  private func goodBlock() -> Block {
    var block = Block()
    block.appendTag(1, text: "kernel memtest=4")
    block.appendTag(2, text: "GRUB 2.06")
    block.appendModule(0x40_0000, 0x40_2000, text: "initrd")
    block.appendSizes(640, 0x1000)
    block.appendMap([(0, 0x9_fc00, 1), (0x10_0000, 0x1000_0000, 1), (0xfec0_0000, 0x1000, 2)])
    var pointer = ByteBuilder()
    pointer.append(Array("RSD PTR ".utf8) + Array(repeating: 0, count: 12))
    block.appendTag(14, pointer)
    return block
  }

  @Test func read_findsMapModulesTextsAndRootPointer() {
    let result = goodBlock().read()
    #expect(result.error == nil)
    #expect(result.reports == "")
    #expect(
      result.regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          0000000000100000-00000000100fffff usable        256 MiB
          00000000fec00000-00000000fec00fff reserved      4 KiB

        """)
    #expect(
      result.heldRanges == """
          0000000000020000-00000000000200e7 boot information
          0000000000400000-0000000000401fff module 0
          0000000000020050-0000000000020055 command line of module 0

        """)
    #expect(result.moduleCount == 1)
    #expect(result.commandLine?.start == PhysicalAddress(0x20010))
    #expect(result.commandLine?.byteCount == 16)
    #expect(result.loaderName?.byteCount == 9)
    #expect(result.rootPointer == PhysicalAddress(0x200c8))
  }

  @Test func read_takesEFIMapWithoutAMemoryMap() {
    var block = Block()
    block.appendSizes(640, 0x1000)
    var map = ByteBuilder()
    map.append(UInt32(48))
    map.append(UInt32(1))
    for (type, start) in [(7, 0x10_0000), (4, 0x20_0000), (2, 0x30_0000)] {
      map.append(EFIDescriptor(type: UInt32(type), start: UInt64(start), pageCount: 1).bytes)
      map.append(Array(repeating: 0xee, count: 8))
    }
    block.appendTag(17, map)
    #expect(
      block.read().regions == """
          0000000000100000-0000000000100fff usable        4 KiB
          0000000000200000-0000000000200fff usable        4 KiB
          0000000000300000-0000000000300fff usable        4 KiB

        """)
    #expect(block.read().heldRanges.contains("0000000000300000-0000000000300fff loader"))
    // Boot services that still run own their memory.
    block.appendTag(18, ByteBuilder())
    #expect(block.read().regions.contains("0000000000200000-0000000000200fff reserved"))
  }

  /// The bytes of a file of `Tests/Fixtures/boot-information`, read.
  private func readFixture(_ name: String) throws -> BootResult {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "Fixtures/boot-information/\(name).bin")
    var memory = FakeMemory()
    memory.put(try Array(Data(contentsOf: file)), at: 0x20000)
    return BootResult(Multiboot2(), at: 0x20000, in: memory)
  }

  /// GRUB calls conventional memory usable whatever its attributes.
  @Test func read_ofTwoMapsTheStricterOneCounts() throws {
    let result = try readFixture("both-maps")
    #expect(result.error == nil)
    let map = sanitized(result.regionList)
    #expect(map.contains { $0.kind == .softReserved && $0.pages.contains(PageFrame(0x10_0000)) })
    #expect(!map.contains { $0.kind == .usable && $0.pages.contains(PageFrame(0x10_0000)) })
    #expect(
      result.reports.contains(
        "firmware: Multiboot 2 memory maps at 0x100000000: differ, and the stricter one counts, "
          + "over bytes: 0x40000000\n"))
    // What is known of modules and of the kernel is not repeated by the loader's pools.
    #expect(!result.heldRanges.contains("loader"))
  }

  // Multiboot's map   UUUUUU..UU
  // EFI's             UUUUSSUU..
  // Expect            UUUUSS....
  @Test func read_usableIsWhatBothMapsCallUsable() {
    var block = Block()
    block.appendMap([(0x10_0000, 0x6000, 1), (0x10_8000, 0x2000, 1)])
    var map = ByteBuilder()
    map.append(UInt32(40))
    map.append(UInt32(1))
    for (start, count, attributes) in [
      (0x10_0000, 4, 0xf), (0x10_4000, 2, 0x4_000f), (0x10_6000, 2, 0xf),
    ] as [(UInt64, UInt64, UInt64)] {
      map.append(
        EFIDescriptor(type: 7, start: start, pageCount: count, attributes: attributes).bytes)
    }
    block.appendTag(17, map)
    let result = block.read()
    #expect(
      sanitized(result.regionList).map { "\($0.kind.name) \($0.pages.pageCount)" } == [
        "usable 4", "soft_reserved 2", "reserved 4",
      ])
    #expect(
      result.reports == """
        firmware: Multiboot 2 memory maps at 0x104000: differ, and the stricter one counts, over \
        bytes: 0x2000
        firmware: Multiboot 2 memory maps at 0x106000: differ, and the stricter one counts, over \
        bytes: 0x2000
        firmware: Multiboot 2 memory maps at 0x108000: differ, and the stricter one counts, over \
        bytes: 0x2000

        """)
  }

  private func sanitized(_ regions: [MemoryRegion]) -> [PageRegion] {
    let given = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regions.count)
    defer { unsafe given.deallocate() }
    let storage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 2 * regions.count)
    defer { unsafe storage.deallocate() }
    var list = unsafe MemoryRegionList(storage: given)
    for region in regions { list.append(region) }
    guard let map = try? unsafe MemoryMap(sanitizing: &list, storage: storage) else { return [] }
    return (0..<map.count).map { map[$0] }
  }

  @Test func read_restBehindTheLastEntryIsReported() throws {
    for (name, report) in [
      ("ragged-map", "Multiboot 2 memory map at 0x20008: "),
      ("ragged-efi-map", "EFI memory map at 0x20018: "),
    ] {
      let result = try readFixture(name)
      #expect(result.error == nil)
      #expect(
        result.reports.contains("firmware: \(report)does not end with a whole entry; "), "\(name)")
    }
  }

  @Test func read_entriesOfNoSizeAreReported() throws {
    let result = try readFixture("zero-stride")
    #expect(result.reports.contains(": is too small, has size: 0x0\n"))
  }

  /// Some loaders leave the size of the final tag out.
  @Test func read_finalTagOfSize0EndsTheBlock() {
    var block = goodBlock()
    block.endTagSize = 0
    let result = block.read()
    #expect(result.error == nil && result.reports == "")
    #expect(result.regionList.count == 3)
  }

  @Test func read_whatIsBehindTheFinalTagIsReported() {
    var block = goodBlock()
    block.appendTag(0, ByteBuilder())
    block.appendTag(2, text: "never read")
    let result = block.read()
    #expect(
      result.reports
        == "firmware: Multiboot 2 information at 0x200e0: continues after its final tag; "
        + "ignored, with that tag, are bytes: 0x28\n")
  }

  @Test func read_secondMapOfAKindIsReported() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    block.appendMap([(0, 0x8000, 1)])
    let result = block.read()
    #expect(result.regions == "  0000000000000000-0000000000000fff usable        4 KiB\n")
    #expect(
      result.reports
        == "firmware: Multiboot 2 memory map at 0x20030: is not the first of its kind; ignored\n")
  }

  @Test func read_mapTagThatIsCutOffIsReported() {
    for (type, object) in [(6, "memory map"), (17, "EFI map")] as [(UInt32, String)] {
      var block = Block()
      block.appendSizes(639, 0)
      block.appendTag(type, ByteBuilder())
      #expect(
        block.read().reports
          == "firmware: Multiboot 2 \(object) at 0x20018: is cut off; ignored\n")
    }
  }

  @Test func read_takesSizesWithoutAnyMap() {
    var block = Block()
    block.appendSizes(639, 2048)
    #expect(
      block.read().regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          0000000000100000-00000000002fffff usable        2 MiB

        """)
  }

  @Test func read_tagOfSizeZeroEndsTheWalk() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    block.appendTag(1, ByteBuilder(), size: 0)
    block.appendTag(2, text: "never read")
    let result = block.read()
    #expect(result.error == nil)
    #expect(result.loaderName == nil)
    #expect(
      result.reports
        == "firmware: Multiboot 2 tag at 0x20030: is cut off; the rest is ignored\n")
  }

  @Test func read_tagBeyondTheBlockEndsTheWalk() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    block.appendTag(1, ByteBuilder(), size: 0xffff_ffff)
    #expect(block.read().reports.contains("tag at 0x20030: is cut off"))
  }

  @Test func read_blockLargerThanMemoryIsReadAsFarAsItGoes() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    let result = block.read(byteCount: 0xffff_fff8)
    #expect(result.error == nil)
    #expect(
      result.reports == """
        firmware: Multiboot 2 information at 0x20000: is too large, and read in part only, with a \
        size of: 0xfffffff8
        firmware: Multiboot 2 information at 0x20030: continues after its final tag; ignored, with \
        that tag, are bytes: 0xfffd0

        """)
  }

  @Test func read_blockThatEndsInATagIsReadUpToThere() {
    let result = goodBlock().read(byteCount: 0x60)
    #expect(result.error == "Multiboot 2 information at 0x20000: has neither memory map nor sizes")
    #expect(result.reports.contains("is cut off"))
  }

  @Test func read_entriesOfSizeZeroAreRefused() {
    for size: UInt32 in [0, 19] {
      var block = Block()
      block.appendSizes(639, 0)
      block.appendMap(entrySize: size, [(0, 0x1000, 1)])
      let result = block.read()
      #expect(result.reports.contains("Multiboot 2 memory map entry at 0x20028: is too small"))
      #expect(result.regions.contains("usable        639 KiB"))
    }
  }

  @Test func read_textThatDoesNotEndInItsTagIsReported() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    var contents = ByteBuilder()
    contents.append(Array("eight ch".utf8))
    block.appendTag(1, contents)
    let result = block.read()
    #expect(result.commandLine == nil)
    #expect(
      result.reports
        == "firmware: Multiboot 2 command line at 0x20030: has no end in its tag\n")
  }

  @Test func read_damagedAnywhereNeverTraps() {
    let block = goodBlock()
    readDamaged(Multiboot2(), [(0x20000, block.bytes())], errors: (cut: 104, changed: 57))
  }

  /// Appends a root pointer of the older form, tag 14, or of the newer one, tag 15.
  private func appendRootPointer(_ tag: UInt32, to block: inout Block) {
    var pointer = ByteBuilder()
    pointer.append(Array("RSD PTR ".utf8) + Array(repeating: 0, count: 12))
    block.appendTag(tag, pointer)
  }

  @Test func read_newerRootPointerIsTakenWhereverItIs() {
    for (tags, expected) in [
      ([14], 0x20038), ([15], 0x20038), ([14, 15], 0x20058), ([15, 14], 0x20038),
      ([14, 14], 0x20038),
    ] as [([UInt32], UInt64)] {
      var block = Block()
      block.appendMap([(0, 0x1000, 1)])
      for tag in tags { appendRootPointer(tag, to: &block) }
      #expect(block.read().rootPointer == PhysicalAddress(expected))
    }
  }

  @Test func read_sectionsOutsideTheImageAreTakenNoteOf() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    var tag = ByteBuilder()
    for value in [2, 64, 1] { tag.append(UInt32(value)) }
    for (type, flags, address) in [(2, 2, 0x10_0000), (2, 0, 1 << 33)] {
      tag.append(UInt32(0))
      tag.append(UInt32(type))
      for value in [flags, address, 0, 0x123, 0, 0, 0] { tag.append(UInt64(value)) }
    }
    block.appendTag(9, tag)
    let result = block.read()
    #expect(result.reports == "")
    #expect(
      result.heldRanges.hasSuffix(
        """
          0000000000020044-00000000000200c3 symbols
          0000000200000000-0000000200000122 symbols

        """))
  }

  @Test func read_moduleTagThatIsCutOffIsReported() {
    var block = Block()
    block.appendMap([(0, 0x1000, 1)])
    var tag = ByteBuilder()
    tag.append(UInt32(0x10_0000))
    block.appendTag(3, tag)
    let result = block.read()
    #expect(result.moduleCount == 0)
    #expect(result.reports == "firmware: Multiboot 2 module tag at 0x20030: is cut off\n")
  }

  @Test func read_mapWithoutEntriesIsNone() {
    var block = Block()
    block.appendMap([])
    block.appendSizes(639, 0)
    let result = block.read()
    #expect(result.reports == "")
    #expect(result.regions == "  0000000000000000-000000000009fbff usable        639 KiB\n")
    var empty = Block()
    empty.appendMap(entrySize: 0, [])
    #expect(
      empty.read().error == "Multiboot 2 information at 0x20000: has neither memory map nor sizes")
  }
}
