// SPDX-License-Identifier: MIT
import Testing

/// What memory a tree describes, and who holds it.
@Suite struct DeviceTreeMemoryTests {
  @Test func read_treeWithoutMemoryIsAnError() {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.endNode()
    tree.end()
    #expect(tree.result.boot.error == "device tree at 0x48000000: has no memory")
  }

  @Test func read_reservedMemoryIsTranslatedByItsRanges() {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("reserved-memory")
    tree.property("#address-cells", cells: 1)
    tree.property("#size-cells", cells: 1)
    tree.property("ranges", cells: 0, 0, 0x4000_0000, 0x1000_0000)
    for (name, start) in [("in@1000", 0x1000), ("out@10000000", 0x1000_0000)] {
      tree.node(name)
      tree.property("reg", cells: UInt32(start), 0x2000)
      tree.endNode()
    }
    tree.endNode()
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(result.boot.heldRanges.contains("0000000040001000-0000000040002fff reserved memory"))
    #expect(!result.boot.heldRanges.contains("reserved memory 1"))
    #expect(result.boot.reports.contains("is not in the ranges; ignored, is at: 0x10000000"))
  }

  /// As a tree of a real board has it: "linux,usable-memory" and no "reg" at all.
  @Test func read_usableMemoryWithoutRegIsMemory() {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", cells: 1)
    tree.property("#size-cells", cells: 1)
    tree.node("memory")
    tree.property("device_type", text: "memory")
    tree.property("linux,usable-memory", cells: 0, 0x2000_0000)
    tree.property("numa-node-id", cells: 0)
    tree.endNode()
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(result.boot.error == nil && result.boot.reports == "")
    #expect(result.nodePages == ["0:0-1ffff"])
  }

  /// Memory that can be taken out, of a node and of none.
  @Test func read_hotPluggableMemoryIsNoted() {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", cells: 1)
    tree.property("#size-cells", cells: 1)
    for (name, cells, node) in [
      ("memory@0", [0, 0x1000_0000], 0), ("memory@20000000", [0x2000_0000, 0x100_0000], 1),
      ("memory@30000000", [0x3000_0000, 0x1000, 0x4000_0000, 0x1000], nil),
    ] as [(String, [UInt32], UInt32?)] {
      tree.node(name)
      tree.property("device_type", text: "memory")
      tree.property("reg", cells: cells)
      if let node { tree.property("numa-node-id", cells: node) }
      if node != 0 { tree.property("hotpluggable", [UInt8]()) }
      tree.endNode()
    }
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(result.nodePages == ["0:0-ffff", "1:20000-20fff", "1:30000-30000", "1:40000-40000"])
    #expect(
      result.hotPluggable == """
          0000000020000000-0000000020ffffff 16 MiB
          0000000030000000-0000000030000fff 4 KiB
          0000000040000000-0000000040000fff 4 KiB

        """)
  }

  @Test func read_crashHeaderIsHeld() {
    for (cells, reports) in [
      ([0, 0x5000_0000, 0, 0x1234], ""),
      (
        [0, 0x5000_0000],
        "firmware: device tree elfcorehdr at 0x480000c0: does not suit #address-cells and "
          + "#size-cells, has size: 0x8\n"
      ),
    ] as [([UInt32], String)] {
      var tree = DeviceTreeBuilder.withMemory
      tree.node("chosen")
      tree.property(
        "linux,elfcorehdr",
        cells.flatMap { cell in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: cell >> $0) } })
      tree.endNode()
      tree.endNode()
      tree.end()
      let result = tree.result
      #expect(
        result.boot.heldRanges.contains(
          "0000000050000000-0000000050001233 ELF header of the crash dump") == reports.isEmpty)
      #expect(result.boot.reports == reports)
    }
  }

  @Test func read_onlyChildrenOfTheRootAreMemory() {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("module")
    tree.node("memory@80000000")
    tree.property("device_type", text: "memory")
    tree.property("reg", cells: 0, 0x8000_0000, 0, 0x1000)
    tree.endNode()
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(
      tree.result.boot.regions == "  0000000040000000-000000007fffffff usable        1 GiB\n")
  }

  @Test func read_ramdiskOfNoBytesIsNoModule() {
    for (end, count) in [(0, 0), (0x1000, 1)] as [(UInt32, Int)] {
      var tree = DeviceTreeBuilder.withMemory
      tree.node("chosen")
      tree.property("linux,initrd-start", cells: 0)
      tree.property("linux,initrd-end", cells: 0, end)
      tree.endNode()
      tree.endNode()
      tree.end()
      #expect(tree.result.boot.moduleCount == count)
    }
  }

  @Test func read_asManyUsableRangesAsCountAreRead() {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("chosen")
    tree.property(
      "linux,usable-memory-range",
      cells: Array(repeating: 0, count: 15 * 4) + [0, 0x5000_0000, 0, 0x1000])
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(
      tree.result.boot.regions == "  0000000050000000-0000000050000fff usable        4 KiB\n")
    #expect(!tree.result.boot.reports.contains("is read up to 16 ranges"))
  }

  @Test func read_moreUsableRangesThanCountAreReported() {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("chosen")
    // Entries of 16 bytes, all zero.
    tree.property("linux,usable-memory-range", Array(repeating: 0, count: 17 * 16))
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(tree.result.boot.error == "device tree at 0x48000000: has no memory")
    #expect(tree.result.boot.reports.contains("is read up to 16 ranges, has: 0x11"))
  }
}
