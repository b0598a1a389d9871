// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// Trees made by dtc from the sources beside them.
@Suite struct DeviceTreeBlobTests {
  private func read(_ name: String) throws -> DeviceTreeResult {
    DeviceTreeResult(BlobMemory(try DeviceTreeFixture.bytes(name)))
  }

  @Test func board_allMemoryIsFound() throws {
    let result = try read("board")
    #expect(result.boot.error == nil)
    // The higher memory stands first; the disabled one is not there.
    #expect(
      result.boot.regions == """
          0000000880000000-00000008ffffffff usable        2 GiB
          0000000080000000-00000000bfffffff usable        1 GiB
          00000000e0000000-00000000efffffff usable        256 MiB
          0000000080000000-00000000807fffff no-map        8 MiB

        """)
  }

  @Test func board_everyReservationHasItsHolder() throws {
    let result = try read("board")
    #expect(
      result.boot.heldRanges == """
          0000000048000000-00000000480006bd device tree
          0000000080000000-000000008007ffff memory reservation 0
          00000000bfff0000-00000000bfffffff memory reservation 1
          0000000090000000-00000000907fffff reserved memory 1
          0000000098000000-0000000098000fff reserved memory 2
          00000000a0000000-00000000a3ffffff reusable memory 3
          0000000088000000-0000000088345677 module 0

        """)
    #expect(result.boot.reports == "")
  }

  @Test func board_commandLineConsoleAndPowerAreFound() throws {
    let result = try read("board")
    #expect(result.commandLine == "console=ttyS0 memtest=2")
    #expect(result.boot.moduleCount == 1)
    // 20 on the inner bus, 101020 on the outer one, behind its second range.
    #expect(result.console == "100001020+8 ns16550a")
    #expect(result.psciConduit == .secureMonitorCall)
    #expect(result.reports == "")
  }

  @Test func board_nodesAreThoseOfTheTree() throws {
    let result = try read("board")
    #expect(result.nodeError == nil)
    #expect(result.nodePages == ["0:80800-bffff", "0:e0000-effff", "1:880000-8fffff"])
    #expect(result.nodeNumbers == [0, 1])
  }

  @Test(arguments: ["small", "small-16"])
  func small_bothVersionsSayTheSame(name: String) throws {
    let result = try read(name)
    #expect(result.boot.error == nil)
    #expect(
      result.boot.regions == """
          0000000080000000-0000000087ffffff usable        128 MiB

        """)
    #expect(
      result.boot.heldRanges == """
          0000000048000000-00000000480001be device tree
          0000000082000000-0000000082000fff module 0

        """)
    #expect(result.commandLine == "quiet")
    #expect(result.console == "10000000+100 ns16550a")
    #expect(result.psciConduit == nil)
    #expect(result.nodePages == ["0:80000-87fff"])
    #expect(result.nodeNumbers == [nil])
    #expect(result.boot.reports + result.reports == "")
  }

  @Test func crash_memoryIsWhatTheRangesLeave() throws {
    let result = try read("crash")
    #expect(
      result.boot.regions == """
          0000000050000000-0000000057ffffff usable        128 MiB
          000000004ff00000-000000004ff00fff usable        4 KiB
          0000000058000000-000000005fffffff usable        128 MiB

        """)
    #expect(result.boot.reports == "")
  }

  /// Linux's property goes before "reg", and an empty range is no memory.
  @Test func usableMemory_isTakenInPlaceOfReg() throws {
    let result = try read("usable-memory")
    #expect(result.boot.error == nil)
    #expect(result.nodePages == ["0:10000-17fff"])
    #expect(result.boot.reports == "")
  }

  @Test func faulty_whatCanBeReadIsReadAndTheRestNamed() throws {
    let result = try read("faulty")
    #expect(result.boot.error == nil)
    #expect(
      result.boot.regions == """
          0000000000000000-000000000fffffff usable        256 MiB
          0000000020000000-000000002fffffff usable        256 MiB
          ffffffffff000000-ffffffffffffffff usable        16 MiB
          0000000001001000-0000000001002fff no-map        8 KiB

        """)
    #expect(
      result.boot.heldRanges == """
          0000000048000000-000000004800037f device tree
          fffffffffffff000-ffffffffffffffff memory reservation 0
          0000000001000000-0000000001001fff reserved memory 0
          0000000001002000-0000000001002fff reserved memory 2

        """)
    #expect(result.boot.moduleCount == 0)
    #expect(result.boot.commandLine == nil)
    #expect(
      result.boot.reports == """
        firmware: device tree usable-memory-range at 0x48000288: does not suit #address-cells and \
        #size-cells, has size: 0x4
        firmware: device tree memory at 0x48000074: has no device_type; taken for memory
        firmware: device tree memory at 0x480000d4: does not suit #address-cells and #size-cells, \
        has size: 0x14
        firmware: device tree memory at 0x48000104: has no reg
        firmware: device tree memory 0 at 0x48000168: clipped at the top of the address space, \
        has size: 0x10000000
        firmware: device tree memory reservation 0 at 0xfffffffffffff000: clipped at the top of the \
        address space, has size: 0x2000
        firmware: device tree reserved memory at 0x48000190: has no #address-cells or #size-cells; \
        those of the root are taken
        firmware: device tree reserved memory at 0x48000190: has no ranges; its addresses are taken \
        as they are
        firmware: device tree reserved memory 1 at 0x480001d4: overlaps another one; is at: 0x1001000
        firmware: device tree reserved memory 1 at 0x480001d4: is both reusable and not to be \
        mapped; is not mapped
        firmware: device tree reserved memory 2 at 0x4800021c: overlaps another one; is at: 0x1002000
        firmware: device tree bootargs at 0x48000268: have no end; ignored
        firmware: device tree ramdisk at 0x48000254: has no start or end of one or two cells; ignored

        """)
    #expect(result.console == nil)
    // Version 0.1 of the interface has no call to end.
    #expect(result.psciConduit == nil)
    #expect(result.nodeNumbers == [0xffff_ffff])
    #expect(
      result.reports == """
        firmware: device tree stdout-path at 0x48000298: leads to no node
        firmware: device tree numa-node-id at 0x480000f4: is not a single cell; ignored

        """)
  }

  @Test func read_fullListsAreErrorsThatSayHowMuchIsNeeded() throws {
    let memory = BlobMemory(try DeviceTreeFixture.bytes("board"))
    #expect(
      DeviceTreeResult(memory, regionCapacity: 3).boot.error
        == "list of memory regions is full: it holds 3, needs to hold 4")
    #expect(
      DeviceTreeResult(memory, heldRangeCapacity: 6).boot.error
        == "list of held ranges is full: it holds 6, needs to hold 7")
    #expect(
      DeviceTreeResult(memory, nodeCapacity: 1).nodeError
        == "more than 1 nodes: there is no room for them; room for 4 is enough")
    #expect(
      DeviceTreeResult(memory, affinityCapacity: 2).nodeError
        == "list of memory affinities is full: it holds 2, needs to hold 3")
  }
}
