// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// Trees with one defect each, and what it is called.
@Suite struct DeviceTreeStructureTests {
  private static let misplaced =
    "device tree structure at 0x48000000: does not lie in the tree, aligned to 4 bytes"

  /// Finishes the root of `tree`, reads it, and returns the error.
  private func error(changing change: (inout DeviceTreeBuilder) -> Void) -> String? {
    var tree = DeviceTreeBuilder.withMemory
    tree.endNode()
    tree.end()
    change(&tree)
    return tree.result.boot.error
  }

  @Test func read_treeOfTheBuilderIsGood() {
    #expect(error(changing: { _ in }) == nil)
  }

  @Test(
    arguments: [
      (0, 0xd00d_fee0, "device tree at 0x48000000: starts with another number: 0xd00dfee0"),
      (1, 0x20_0001, "device tree at 0x48000000: is larger than 2 MiB, has size: 0x200001"),
      (1, 0x20_0000, "device tree at 0x48000000: is cut off, has size: 0x200000"),
      (1, 39, "device tree at 0x48000000: is smaller than its header"),
      (1, 60, Self.misplaced),
      (2, 0xffff_fff8, Self.misplaced),
      (2, 58, Self.misplaced),
      (2, 0, "device tree structure at 0x48000000: has an unknown token: 0xd00dfeed"),
      (3, 0xffff_ffff, "device tree strings at 0x48000000: do not lie in the tree"),
      (3, 0, "device tree block at 0x48000000: overlaps the one at: 0x48000000"),
      (4, 0xffff_ffff, "device tree reservations at 0x48000000: do not lie in the tree"),
      (4, 16, "device tree reservations at 0x48000000: do not end in the tree"),
      (5, 15, "device tree at 0x48000000: is of a version that is not known: 0xf"),
      (6, 18, "device tree at 0x48000000: is of a version that is not known: 0x11"),
      (8, 0xffff_ffff, "device tree strings at 0x48000000: do not lie in the tree"),
      (9, 0xffff_ffff, Self.misplaced),
      (9, 20, "device tree structure at 0x48000040: is cut off"),
    ] as [(Int, UInt32, String)])
  func read_wrongFieldOfTheHeaderIsNamed(number: Int, value: UInt32, message: String) {
    #expect(error { $0.header[number] = value } == message)
  }

  @Test(arguments: [(0, true), (39, true), (40, false), (44, false)] as [(UInt32, Bool)])
  func read_emptyStringsInTheHeaderAreNamed(offset: UInt32, isRefused: Bool) {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.endNode()
    tree.end()
    tree.header[3] = offset
    let message = "device tree strings at 0x48000000: are empty and lie in the header"
    #expect((tree.result.boot.error == message) == isRefused)
  }

  @Test func read_laterVersionThatIsCompatibleIsRead() {
    #expect(error { $0.header[5] = 18 } == nil)
    #expect(error { $0.header[6] = 17 } == nil)
  }

  @Test func read_versionBelowTheOneItIsCompatibleWithIsAnError() {
    #expect(
      error {
        $0.header[5] = 16
        $0.header[6] = 17
      }
        == "device tree at 0x48000000: is older than the version that it says it is compatible with: 0x11"
    )
  }

  @Test func read_reservationsWithoutEndAreNamed() {
    // The walk goes on into the structure, and finds zeros nowhere.
    #expect(
      error {
        $0.endsReservations = false
        $0.reservations = [0x1000, 0x1000]
      } == "device tree reservations at 0x48000000: do not end in the tree")
  }

  @Test func read_structureThatIsNoTreeIsNamed() {
    func error(_ build: (inout DeviceTreeBuilder) -> Void) -> String? {
      var tree = DeviceTreeBuilder()
      build(&tree)
      return tree.result.boot.error
    }
    #expect(
      error { $0.end() } == "device tree structure at 0x48000038: ends inside a node")
    #expect(error { _ in } == "device tree structure at 0x48000038: is cut off")
    #expect(
      error { $0.endNode() }
        == "device tree structure at 0x48000038: ends a node where none started")
    #expect(
      error {
        $0.node("")
        $0.end()
      } == "device tree structure at 0x48000040: ends inside a node")
    #expect(
      error {
        $0.node("")
        $0.endNode()
        $0.node("")
      } == "device tree structure at 0x48000044: has a second root")
    #expect(
      error {
        $0.property("name", text: "value")
      } == "device tree structure at 0x48000038: has a property after a node")
    #expect(
      error {
        $0.node("")
        $0.token(7)
      } == "device tree structure at 0x48000040: has an unknown token: 0x7")
    #expect(
      error {
        $0.node("")
        $0.property("name", [1, 2, 3, 4], byteCount: 0xffff_ffff)
      } == "device tree structure at 0x48000040: is cut off")
    #expect(
      error {
        $0.node("")
        $0.token(3)
        $0.token(0)
        $0.token(99)
      } == "device tree structure at 0x48000040: has a property whose name does not end in the "
        + "strings, but starts at: 0x63")
  }

  @Test func read_nameWithoutEndIsAnError() {
    var tree = DeviceTreeBuilder.withMemory
    tree.endNode()
    tree.end()
    // The zero byte behind "reg", the last of 43 bytes, is not in the block.
    tree.header[8] = 42
    #expect(
      tree.result.boot.error
        == "device tree structure at 0x48000088: has a property whose name does not end in the "
        + "strings, but starts at: 0x27")
  }

  @Test func read_propertyBehindAChildIsNamed() {
    var tree = DeviceTreeBuilder.withMemory
    tree.property("late", cells: 1)
    #expect(
      tree.result.boot.error == "device tree structure at 0x480000a8: has a property after a node"
    )
  }

  @Test func read_nothingBetweenTokensIsSkipped() {
    var tree = DeviceTreeBuilder()
    for _ in 0..<3 { tree.token(4) }
    tree.node("")
    tree.token(4)
    tree.node("memory@0")
    tree.token(4)
    tree.property("device_type", text: "memory")
    tree.token(4)
    // Without numbers of cells there are two of an address and one of a size.
    tree.property("reg", cells: 1, 0, 0x1_0000)
    tree.endNode()
    tree.token(4)
    tree.endNode()
    tree.token(4)
    tree.end()
    #expect(
      tree.result.boot.regions == "  0000000100000000-000000010000ffff usable        64 KiB\n")
  }

  @Test func read_nodesAreReadUpToTheStatedDepth() {
    func tree(depth: Int) -> DeviceTreeBuilder {
      var tree = DeviceTreeBuilder.withMemory
      // The root is the first.
      for _ in 1..<depth { tree.node("n") }
      tree.property("reg", cells: 0, 0x1000, 0x100)
      for _ in 1..<depth { tree.endNode() }
      tree.node("chosen")
      tree.property(
        "stdout-path", text: String(repeating: "/n", count: depth - 1))
      tree.endNode()
      tree.endNode()
      tree.end()
      return tree
    }
    let deepest = tree(depth: 64).result
    #expect(deepest.boot.error == nil)
    // The way up from there is through buses that are not seen from outside.
    #expect(deepest.reports.contains("stdout-path at "))
    #expect(deepest.reports.contains("disabled or out of the processor's reach: "))
    #expect(
      tree(depth: 65).result.boot.error?.hasSuffix("has nodes nested deeper than: 0x40") == true)
  }

  @Test func read_numbersOfCellsThatCannotBeAreNamed() {
    for (name, value) in [
      ("#address-cells", 0), ("#address-cells", 5), ("#size-cells", 0),
      ("#size-cells", 0xffff_ffff),
    ] as [(String, UInt32)] {
      var tree = DeviceTreeBuilder()
      tree.node("")
      tree.property(name, cells: value)
      tree.endNode()
      tree.end()
      #expect(
        tree.result.boot.error == "device tree root at 0x4800003c: has #address-cells or "
          + "#size-cells that memory cannot be expressed in")
    }
  }

  @Test(arguments: [4, 8])
  func read_numbersOfCellsThatAreNoCellAreNamed(byteCount: Int) {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", Array([0, 0, 0, 2, 0, 0, 0, 2].prefix(byteCount)))
    tree.node("memory")
    tree.property("device_type", text: "memory")
    tree.property("reg", cells: 0, 0x1000, 0x1000)
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect((tree.result.boot.error == nil) == (byteCount == 4))
  }

  @Test func read_addressesOfFourCellsAreRead() {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", cells: 4)
    tree.node("memory")
    tree.property("device_type", text: "memory")
    tree.property("reg", cells: 0, 0, 2, 0x1000, 0x1000)
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(
      tree.result.boot.regions == "  0000000200001000-0000000200001fff usable        4 KiB\n")
  }

  @Test func read_numbersOfMoreThan64BitsAreNamed() {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", cells: 3)
    tree.property("#size-cells", cells: 1)
    tree.node("memory")
    tree.property("device_type", text: "memory")
    tree.property("reg", cells: 1, 0, 0, 0x1000, 0, 2, 0x1000, 0x1000)
    tree.endNode()
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(
      result.boot.regions == "  0000000200001000-0000000200001fff usable        4 KiB\n")
    #expect(
      result.boot.reports
        == "firmware: device tree memory 0 at 0x4800008c: does not fit 64 bits; ignored\n")
  }

  @Test func read_entriesWithoutCellsAreNone() {
    var tree = DeviceTreeBuilder.withMemory
    for name in ["reserved-memory", "bus"] {
      tree.node(name)
      tree.property("#address-cells", cells: 0)
      tree.property("#size-cells", cells: 0)
      tree.property("ranges", cells: 0, 0)
      tree.node("device")
      tree.property("reg", cells: 0x1000, 0x1000)
      tree.endNode()
      tree.endNode()
    }
    tree.node("chosen")
    tree.property("stdout-path", text: "/bus/device")
    tree.endNode()
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(result.boot.error == nil)
    #expect(result.boot.reports.contains("reserved memory at "))
    #expect(result.boot.reports.contains("does not suit #address-cells and #size-cells"))
    #expect(result.console == nil)
    #expect(result.reports.contains("out of the processor's reach"))
  }

  @Test func read_treeThatIsCutOffIsNamedWithItsSize() {
    var tree = DeviceTreeBuilder.withMemory
    tree.endNode()
    tree.end()
    #expect(
      DeviceTreeResult(BlobMemory(tree.bytes.dropLast())).boot.error
        == "device tree at 0x48000000: is cut off, has size: 0x\(String(tree.bytes.count, radix: 16))"
    )
  }

  @Test func read_disabledReservationsAndConsolesAreLeftOut() {
    for (status, isThere) in [("okay", true), ("ok", true), ("disabled", false), ("fail", false)] {
      var tree = DeviceTreeBuilder.withMemory
      tree.node("reserved-memory")
      tree.property("ranges", [])
      tree.node("one@41000000")
      tree.property("status", text: status)
      tree.property("reg", cells: 0, 0x4100_0000, 0, 0x1000)
      tree.endNode()
      tree.endNode()
      tree.node("uart")
      tree.property("status", text: status)
      tree.property("compatible", text: "ns16550")
      tree.property("reg", cells: 0, 0x1000, 0, 0x100)
      tree.endNode()
      tree.node("chosen")
      tree.property("stdout-path", text: "/uart")
      tree.endNode()
      tree.endNode()
      tree.end()
      let result = tree.result
      #expect(result.boot.heldRanges.contains("reserved memory 0") == isThere)
      #expect(result.console == (isThere ? "1000+100 ns16550" : nil))
      #expect(result.reports.contains("disabled") == !isThere)
    }
  }

  @Test func read_aliasOfAnAliasIsNotFollowed() {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("aliases")
    tree.property("a", text: "b")
    tree.property("b", text: "a")
    tree.endNode()
    tree.node("chosen")
    tree.property("stdout-path", text: "a")
    tree.endNode()
    tree.endNode()
    tree.end()
    let result = tree.result
    #expect(result.console == nil)
    #expect(result.reports.contains("leads to no node"))
  }

  @Test(
    arguments: [
      ("arm,psci-1.0", "hvc", nil, .hypervisorCall),
      ("arm,psci-0.2", "smc", nil, .secureMonitorCall),
      ("arm,psci-0.2", "hvc", "okay", .hypervisorCall), ("arm,psci-0.2", "hvc", "disabled", nil),
      ("arm,psci", "hvc", nil, nil), ("arm,psci-1.0", "eval", nil, nil),
    ] as [(String, String, String?, PSCIConduit?)])
  func psciConduit_isThatOfAVersionThatIsKnown(
    model: String, method: String, status: String?, conduit: PSCIConduit?
  ) {
    var tree = DeviceTreeBuilder.withMemory
    tree.node("psci")
    tree.property("compatible", text: model)
    tree.property("method", text: method)
    if let status { tree.property("status", text: status) }
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(tree.result.psciConduit == conduit)
  }

  /// Longer names are none.
  @Test(arguments: [31, 32]) func alias_hasAtMost31Characters(count: Int) {
    let name = String(repeating: "a", count: count)
    var tree = DeviceTreeBuilder.withMemory
    tree.node("serial")
    tree.property("reg", cells: 0, 0x900_0000, 0, 0x1000)
    tree.endNode()
    tree.node("aliases")
    tree.property(name, text: "/serial")
    tree.endNode()
    tree.node("chosen")
    tree.property("stdout-path", text: name)
    tree.endNode()
    tree.endNode()
    tree.end()
    #expect(tree.result.console == (count == 31 ? "9000000+1000" : nil))
  }
}
