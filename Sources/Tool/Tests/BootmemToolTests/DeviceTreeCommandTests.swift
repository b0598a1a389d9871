// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Device trees through the tool.
@Suite struct DeviceTreeCommandTests {
  /// The path of the fixture `NAME.dtb`.
  private static func path(_ name: String) -> String { Fixture.path("device-trees/\(name).dtb") }

  @Test func map_showsMemoryWithWhatMustNotBeMapped() throws {
    let result = try Tool.run("map", "--width", "80", Self.path("board"))
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    for line in [
      "board.dtb: device tree, 4 regions\n",
      "  note: where the tree itself will lie is not known; --at says where\n",
      "  0000000080000000-00000000807fffff no-map        8 MiB\n",
      "  0000000080800000-00000000bfffffff usable        1016 MiB\n",
      "  0000000880000000-00000008ffffffff node 1, 2 GiB\n",
      "  0000000080000000-00000000bfffffff node 0, 1 GiB\n",
      "usable: 849920 pages, 3.2 GiB\n",
      "  000080000000 oo..............................................................\n",
      "  . usable, o no-map\n",
    ] {
      #expect(result.output.contains(line), "\(line) in \(result.output)")
    }
  }

  /// Such a board's memory begins far above the place where a PC has the most to show.
  @Test func map_drawsTheFirstMiBOnlyWhereSomethingIsInIt() throws {
    let board = try Tool.run("map", Self.path("board"))
    #expect(!board.output.contains("the first MiB"))
    #expect(board.output.contains("all of it, one character for "))
    let svg = try Tool.run("map", "--format", "svg", Self.path("board"))
    #expect(!svg.output.contains("the first MiB"))
    #expect(svg.output.contains("all memory, one cell for "))
  }

  @Test func map_picturesShowWhatMustNotBeMapped() throws {
    let json = try Tool.run("map", "--format", "json", Self.path("board"))
    #expect(json.exitCode == 0)
    #expect(json.output.contains("\"form\" : \"dtb\""))
    #expect(json.output.contains("\"kind\" : \"no-map\""))
    let svg = try Tool.run("map", "--format", "svg", Self.path("board"))
    #expect(svg.exitCode == 0)
    #expect(svg.output.contains("no-map"))
    #expect(svg.output.contains("#795548"))
  }

  /// Hot-pluggable memory: one node as a whole, and a part that is in no node.
  @Test func hotPluggableMemory_isShownAndHasNoBitmap() throws {
    let map = try Tool.run("map", Self.path("hotplug"))
    #expect(
      map.output.contains(
        "  0000000100000000-000000011fffffff node 1, 512 MiB, hot-pluggable\nhot-pluggable:\n"
          + "  00000000a0000000-00000000afffffff 256 MiB\n"
          + "  0000000100000000-000000011fffffff 512 MiB\n"), "\(map.output)")
    let json = try Tool.run("map", "--format", "json", Self.path("hotplug"))
    #expect(json.output.contains("\"hotPluggable\" : ["))
    #expect(json.output.contains("\"isHotPluggable\" : true"))
    let plan = try Tool.run("plan", Self.path("hotplug"), "--kernel", "0x80800000:2M")
    #expect(plan.output.contains("  0000000080a00000-0000000080a06fff bitmap of node 0, 28 KiB\n"))
    #expect(plan.output.contains("  0000000080a07000-0000000080a0bfff bitmap of node 1, 20 KiB\n"))
  }

  @Test func plan_keepsWhatTheTreeReserves() throws {
    let result = try Tool.run(
      "plan", Self.path("board"), "--at", "0x87000000", "--kernel", "0x80800000:2M")
    #expect(result.errors == "")
    #expect(result.exitCode == 0)
    for line in [
      "board.dtb: device tree, 4 regions; kernel for a processor of 64 bits\n",
      "  node 0 0000000080800000-00000000efffffff 1.2 GiB usable",
      "  node 1 0000000880000000-00000008ffffffff 2 GiB usable",
      "  0000000087000000-00000000870006bd device tree, 1.6 KiB\n",
      "  00000000bfff0000-00000000bfffffff memory reservation 1, 64 KiB\n",
      "  0000000090000000-00000000907fffff reserved memory 1, 8 MiB\n",
      "  00000000a0000000-00000000a3ffffff reusable memory 3, 64 MiB\n",
      "  0000000088000000-0000000088345677 module 0, 3.2 MiB\n",
    ] {
      #expect(result.output.contains(line), "\(line) in \(result.output)")
    }
  }

  @Test(arguments: ["aarch64", "riscv64"])
  func plan_namesTheProcessorThatIsAskedFor(processor: String) throws {
    let result = try Tool.run(
      "plan", Self.path("board"), "--arch", processor, "--kernel", "0x80800000:2M")
    #expect(result.errors == "")
    #expect(result.output.contains("board.dtb: device tree, 4 regions; kernel for \(processor)\n"))
    // Here `mem=` is an amount of memory; without a processor, the table would be of x86.
    let table = "80000000 c0000000 usable\n"
    let limited = try Tool.run(
      "plan", "-", "--arch", processor, "--kernel", "0x80200000:2M", "--append", "mem=256M",
      input: table)
    #expect(limited.output.contains("usable: 65536 pages, 256 MiB\n"))
    let other = try Tool.run(
      "plan", "-", "--kernel", "0x80200000:2M", "--append", "mem=256M", input: table)
    #expect(other.exitCode == 1)
  }

  /// Memory starts at 2 GiB, so an end of memory at 256 MiB would leave none.
  @Test func plan_limitOfMemoryIsAnAmount() throws {
    let result = try Tool.run(
      "plan", Self.path("memory-limit"), "--kernel", "0x80200000:2M", "--append", "mem=256M")
    #expect(result.errors == "")
    #expect(result.exitCode == 0)
    #expect(
      result.output.contains("  node 0 0000000080000000-000000008fffffff 256 MiB usable"),
      "\(result.output)")
  }

  @Test func map_leavesOutOfTheRangesWhatTheTreeReserves() throws {
    let held = try Tool.run("map", "--ranges", Self.path("board"), "--at", "0x87000000")
    #expect(
      held.output == """
        80800 86fff
        87001 87fff
        88346 8ffff
        90800 97fff
        98001 9ffff
        a4000 bffef
        e0000 effff
        880000 8ffbff

        """)
    let all = try Tool.run("map", "--ranges", "--firmware", Self.path("board"))
    #expect(all.output == "80800 bffff\ne0000 effff\n880000 8fffff\n")
    // The top 4 MiB of the last range are what the tree requests without saying where.
    let text = try Tool.run("map", Self.path("board"))
    #expect(
      text.output.contains("  00000008ffc00000-00000008ffffffff reserved memory anywhere, 4 MiB\n"))
    #expect(text.output.contains("  00000000a0000000-00000000a3ffffff reusable memory 3, 64 MiB\n"))
  }

  @Test func map_damagedTreeIsAnErrorWithItsName() throws {
    let directory = try TemporaryDirectory()
    let bytes = try Data(contentsOf: URL(filePath: Self.path("board")))
    let file = try directory.file("cut.dtb", bytes.prefix(600))
    let result = try Tool.run("map", file.path)
    #expect(result.exitCode == 1)
    #expect(
      result.errors
        == "\(file.path): error: device tree at 0x0: is cut off, has size: 0x\(String(bytes.count, radix: 16))\n"
    )
  }
}
