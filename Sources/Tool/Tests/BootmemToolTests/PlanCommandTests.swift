// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct PlanCommandTests {
  static let table = """
    0000000000000000 000000000009fc00 usable
    0000000000100000 0000000001000000 usable
    0000000100000000 0000000101000000 usable
    """

  @Test func plan_tellsNodesBitmapOwnersAndFreeMemory() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--module", "0x400000:64K", "--append", "mem=2G",
      input: Self.table)
    #expect(result.errors == "")
    #expect(result.exitCode == 0)
    #expect(
      result.output == """
        <stdin>: table, 3 regions; kernel for x86_64
        usable: 3999 pages, 15.6 MiB
        nodes:
          node 0 0000000000000000-0000000000ffffff 15.6 MiB usable, 14.5 MiB free
            bitmap 0000000000410000-0000000000410fff 4 KiB
        held:
          0000000000000000-0000000000000fff page 0, 4 KiB
          0000000000100000-00000000001fffff kernel image, 1 MiB
          0000000000400000-000000000040ffff module 0, 64 KiB
          0000000000410000-0000000000410fff bitmap of node 0, 4 KiB
        memory before the first allocation:
          000000000000 F........+------KKKKKKKKKKKKKKKK................................
          000000400000 MB..............................................................
          000000800000 ................................................................
          000000c00000 ................................................................
          one character is 64 KiB
          K kernel and stack, M module, L loader's data, B bitmap, T page tables
          F firmware's data, # reserved, + free in part, . free, - no usable memory
        reserved: 274 pages, 1.0 MiB
        free: 3725 pages, 14.5 MiB
        largest free block: 0000000000411000-0000000000ffffff 3055 pages, 11.9 MiB

        """)
  }

  @Test func i386_tellsWhatIsBeyondItsReach() throws {
    let result = try Tool.run(
      "plan", "-", "--arch", "i386", "--kernel", "1M:1M", input: Self.table)
    #expect(result.exitCode == 0)
    #expect(result.output.contains("usable: 3999 pages, 15.6 MiB\n"))
    #expect(result.output.contains("beyond the reach of the processor: 4096 pages, 16 MiB\n"))
  }

  /// The words of i386 are half as wide as this host's, so that 3 GiB take a page more.
  @Test func i386_bitmapIsAsLargeAsThere() throws {
    let table = "0 c0000000 usable\n"
    let narrow = try Tool.run("plan", "-", "--arch", "i386", "--kernel", "1M:1M", input: table)
    #expect(narrow.output.contains("    bitmap 0000000000200000-0000000000219fff 104 KiB\n"))
    #expect(narrow.output.contains("reserved: 283 pages, 1.1 MiB\n"))
    let wide = try Tool.run("plan", "-", "--kernel", "1M:1M", input: table)
    #expect(wide.output.contains("    bitmap 0000000000200000-0000000000218fff 100 KiB\n"))
  }

  @Test func nodes_areSetUpEachWithItsBitmap() throws {
    let directory = try TemporaryDirectory()
    let nodes = try directory.file(
      "nodes", Data("0 0 0 800000 -\n1 7 800000 1000000 -\n0 0 100000000 101000000 -\n".utf8))
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", nodes.path, input: Self.table)
    #expect(result.errors == "")
    for line in [
      "  node 0 0000000000000000-00000000007fffff 7.6 MiB usable, 6.6 MiB free\n",
      "  node 1 0000000000800000-0000000000ffffff 8 MiB usable, 7.9 MiB free\n",
      "  node 2 0000000100000000-0000000100ffffff 16 MiB usable, 15.9 MiB free, a part of node 0\n",
      "    bitmap 0000000100000000-0000000100000fff 4 KiB\n",
    ] {
      #expect(result.output.contains(line), "\(line)")
    }
  }

  /// Nodes as `scripts/run` takes them; a mere number shares the memory out evenly.
  @Test(arguments: [
    (
      "2",
      [
        "  node 0 0000000000000000-0000000000ffffff 15.6 MiB usable",
        "  node 1 0000000002000000-0000000002f9efff 15.6 MiB usable",
      ]
    ),
    (
      "8M,0,4M",
      [
        "  node 0 0000000000000000-0000000000860fff 8 MiB usable",
        "  node 2 0000000000861000-0000000002f9efff 23.2 MiB usable",
      ]
    ),
    ("0x800000,1M", ["  node 0 0000000000000000-0000000000860fff 8 MiB usable"]),
  ])
  func nodes_shareTheMemoryOut(nodes: String, lines: [String]) throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", nodes,
      input: "0 9f000 usable\n100000 1000000 usable\n2000000 2f9f000 usable\n")
    #expect(result.errors == "")
    for line in lines { #expect(result.output.contains(line), "\(line) in \(result.output)") }
  }

  @Test(arguments: ["0", "1025", "99999999999999999999"])
  func nodes_noneOrTooMany_exitWith64(nodes: String) throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", nodes, input: Self.table)
    #expect(result.exitCode == 64)
  }

  @Test func nodes_ofMoreThanThereIs_exitWith64() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", "1G,1G", input: Self.table)
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("the nodes take more than the usable memory of the map"))
  }

  /// A device tree has no lines with nodes; its properties describe them.
  @Test func nodes_ofADeviceTree() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "0x80800000:2M", "--nodes",
      Fixture.path("device-trees/hotplug.dtb"),
      input: "80000000 a0000000 usable\n100000000 120000000 usable\n")
    #expect(result.errors == "" && !result.output.contains("note: "))
    for line in [
      "  node 0 0000000080000000-000000009fffffff 512 MiB usable",
      "  node 1 0000000100000000-000000011fffffff 512 MiB usable",
      "hot-pluggable:\n  00000000a0000000-00000000afffffff 256 MiB\n",
    ] {
      #expect(result.output.contains(line), "\(line) in \(result.output)")
    }
    // A tree that says nothing of nodes.
    let file = Fixture.path("device-trees/memory-limit.dtb")
    let other = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", file, input: Self.table)
    #expect(other.exitCode == 1 && other.errors == "\(file): error: names no nodes\n")
  }

  /// The memory that a bitmap lies in cannot be removed.
  @Test func hotPluggableMemory_hasNoBitmap() throws {
    let directory = try TemporaryDirectory()
    let nodes = try directory.file(
      "nodes", Data("0 0 0 1000000 -\n1 1 100000000 200000000 hotplug\n".utf8))
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--nodes", nodes.path, input: Self.table)
    #expect(result.errors == "")
    for line in [
      "    bitmap 0000000000200000-0000000000200fff 4 KiB\n",
      "    bitmap 0000000000201000-0000000000201fff 4 KiB\n",
      "hot-pluggable:\n  0000000100000000-00000001ffffffff 4 GiB\nheld:\n",
    ] {
      #expect(result.output.contains(line), "\(line) in \(result.output)")
    }
  }

  @Test func pageSize_isThatOfTheProgram() throws {
    let same = try Tool.run(
      "plan", "-", "--page-size", "4K", "--kernel", "1M:1M", input: Self.table)
    #expect(same.exitCode == 0)
    let other = try Tool.run(
      "plan", "-", "--page-size", "64K", "--kernel", "1M:1M", input: Self.table)
    #expect(other.exitCode == 64)
    #expect(
      other.errors.contains(
        "this program is built for pages of 4K; scripts/bootmem takes --page-size 64K"))
  }

  @Test func badParameter_isReportedAndIgnored() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", "--append", "mem=fish", input: Self.table)
    #expect(result.exitCode == 0)
    #expect(result.output.contains("note: command line: mem=fish: is not a size; ignored\n"))
    #expect(result.output.contains("usable: 8095 pages"))
  }

  @Test(arguments: [
    (
      ["--kernel", "0x9f000:64K"],
      "kernel image at 000000000009f000-00000000000aefff does not lie wholly in usable memory"
    ),
    (
      ["--kernel", "1M:1M", "--module", "0x1ff000:4K"],
      "module 0 at 00000000001ff000-00000000001fffff overlaps kernel image at "
        + "0000000000100000-00000000001fffff"
    ),
    (["--kernel", "1M:0"], "kernel image has no byte"),
    (
      ["--kernel", "4G:1M", "--arch", "i386"],
      "kernel image at 0000000100000000-00000001000fffff lies beyond the reach of the processor"
    ),
  ])
  func impossibleScenario_isAnError(arguments: [String], message: String) throws {
    let result = try Tool.run(
      arguments: ["plan", "-"] + arguments, input: Data(Self.table.utf8))
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(result.errors == "<stdin>: error: \(message)\n")
  }

  @Test func noRoomForTheBitmap_isAnError() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "4K:8K", input: "0 3000 usable\n")
    #expect(result.exitCode == 1)
    #expect(
      result.errors == "<stdin>: error: no room for the bitmap of node 0, which needs 1 free pages "
        + "in a row\n")
  }

  @Test func memoryUpToTheTopOfAllAddresses_isTooLarge() throws {
    let result = try Tool.run(
      "plan", "-", "--kernel", "1M:1M", input: "1000-ffffffffffffffff : System RAM\n")
    #expect(result.exitCode == 1)
    #expect(
      result.errors == "<stdin>: error: too large: this host has not as many addresses left\n")
  }

  @Test func wrongRange_exitsWith64() throws {
    #expect(try Tool.run("plan", "-", "--kernel", "1M", input: Self.table).exitCode == 64)
    #expect(try Tool.run("plan", "-", "--kernel", "17E:1", input: Self.table).exitCode == 64)
    #expect(
      try Tool.run("plan", "-", "--kernel", "0xffffffffffffffff:2", input: Self.table).exitCode
        == 64)
    #expect(try Tool.run("plan", "-", input: Self.table).exitCode == 64)
  }

  /// The command line that a loader hands over, or that a log has, counts as in the kernel.
  @Test(arguments: [
    (["--at", "0x9000", "info.bin"], "usable: 16032 pages, 62.6 MiB\n"),
    (["dmesg.txt"], "usable: 16128 pages, 63 MiB\n"),
    // What is appended comes after it.
    (["dmesg.txt", "--append", "mem=32M"], "usable: 7936 pages, 31 MiB\n"),
  ])
  func commandLineOfTheFile_isApplied(arguments: [String], line: String) throws {
    let folder = "reports/plan-ignores-cmdline/"
    let arguments = arguments.map {
      $0.contains(".") ? Fixture.path(folder + $0) : $0
    }
    let result = try Tool.run(arguments: ["plan", "--kernel", "1M:2M"] + arguments)
    #expect(result.errors == "")
    #expect(result.output.contains(line), "\(result.output)")
  }

  /// What the demonstration kernel prints before its first allocation.
  static let log = """
    swift-bootmem on i386
    loader: Multiboot 1
    reach: pages below 0x100000
    firmware: Multiboot module 3 at 0x5000: ends before its start: 0x4000
    and 2 more reports of this kind
    command line: words mem=99x
    memory map as given:
      0000000000000000-000000000009fbff usable        639 KiB
      0000000000100000-0000000000ffffff usable        15 MiB
      0000000100000000-0000000100ffffff usable        16 MiB
    command line: mem=99x: is not a size; ignored
    firmware: nodes contradict one another in 1 places
    loader: 00000000000f0000-00000000000fffff module 0: lies not in usable memory
    memory map as sanitised:
      0000000000000000-000000000009efff usable        636 KiB
    nodes: 3, with storage for 2
      node 0 000000000-000000fff 16 MiB
      node 1 000100000-000100fff 16 MiB
    beyond the reach of this processor: 4096 usable pages, 16 MiB
    # held before the first allocation:
    #   0000000000100000-00000000001fffff kernel image
    #   0000000000200000-0000000000203fff boot stack
    #   00000000000f0000-00000000000fffff module 0
    #   0000000000009000-0000000000009073 boot information
    #   0000000000000000-0000000000000fff page 0
    #   0000000000204000-0000000000204fff bitmap of node 0
    #   0000000000e00000-0000000000e00fff bad memory
    # before the first allocation: nodes=1 usable=3999 reserved=264 free=3735
    held before the hand-over:
      0000000000000000-0000000000000fff page 0, 4 KiB
    """

  /// The kernel's output says all that is needed to arrive at the same account.
  @Test func outputOfTheKernel_isPlannedAsTheKernelDid() throws {
    let result = try Tool.run("plan", "-", input: Self.log)
    #expect(result.errors == "")
    #expect(
      result.output.hasPrefix(
        """
        <stdin>: output of the demonstration kernel, 3 regions; kernel for i386
        note: firmware: Multiboot module 3 at 0x5000: ends before its start: 0x4000
        note: and 2 more reports of this kind
        note: firmware: nodes contradict one another in 1 places
        note: command line: mem=99x: is not a size; ignored
        note: loader: 00000000000f0000-00000000000fffff module 0: lies not in usable memory within \
        reach as a whole
        note: nodes: there is storage for 2, nodes and their parts need 3; all memory is taken for \
        one node
        usable: 3999 pages, 15.6 MiB
        beyond the reach of the processor: 4096 pages, 16 MiB
        nodes:
          node 0 0000000000000000-0000000000ffffff 15.6 MiB usable, 14.5 MiB free
            bitmap 0000000000204000-0000000000204fff 4 KiB
        held:
          0000000000000000-0000000000000fff page 0, 4 KiB
          0000000000009000-0000000000009073 boot information, 116 B
          00000000000f0000-00000000000fffff module 0, 64 KiB
          0000000000100000-00000000001fffff kernel image, 1 MiB
          0000000000200000-0000000000203fff boot stack, 16 KiB
          0000000000204000-0000000000204fff bitmap of node 0, 4 KiB
          0000000000e00000-0000000000e00fff bad memory, 4 KiB
        memory before the first allocation:

        """), "\(result.output)")
    #expect(result.output.contains("reserved: 264 pages, 1.0 MiB\nfree: 3735 pages, 14.5 MiB\n"))
  }

  @Test func outputOfTheKernel_withAnotherKernel_isPlannedForThatOne() throws {
    let result = try Tool.run("plan", "-", "--kernel", "4M:1M", input: Self.log)
    #expect(result.output.contains("  0000000000400000-00000000004fffff kernel image, 1 MiB\n"))
    #expect(!result.output.contains("boot stack"))
  }

  /// A module of the file that a loader puts across reserved memory is reported; the user's own is
  /// an error.
  @Test func moduleOfTheFile_acrossReservedMemory_isReported() throws {
    let result = try Tool.run(
      "plan", Fixture.path("device-trees/board.dtb"), "--kernel", "0x80800000:2M", "--append",
      "memmap=1M$0x88100000")
    #expect(
      result.output.contains(
        "note: loader: 0000000088000000-0000000088345677 module 0: lies not in usable memory within "
          + "reach as a whole\n"), "\(result.output)")
  }

  /// The numbers of modules continue after those in the file.
  @Test func modules_areCountedOnBehindThoseOfTheFile() throws {
    let result = try Tool.run(
      "plan", Fixture.path("device-trees/board.dtb"), "--kernel", "0x80800000:2M", "--module",
      "0x89000000:4K")
    #expect(result.output.contains("  0000000089000000-0000000089000fff module 1, 4 KiB\n"))
  }

  /// The real machines with several nodes, each with the nodes that its firmware reports.
  @Test func realMachines_arePlanned() throws {
    let directory = Fixture.directory.appending(path: "firmware-maps")
    let names = try FileManager.default.contentsOfDirectory(
      atPath: directory.appending(path: "numa").path)
    var count = 0
    for name in names.map({ $0.replacingOccurrences(of: ".numa", with: "") }) {
      let map = directory.appending(path: "e820/\(name).e820").path
      guard FileManager.default.fileExists(atPath: map) else { continue }
      count += 1
      let nodes = directory.appending(path: "numa/\(name).numa").path
      let result = try Tool.run("plan", map, "--nodes", nodes, "--kernel", "16M:8M")
      #expect(result.exitCode == 0, "\(name): \(result.errors)")
    }
    #expect(count > 15)
  }
}
