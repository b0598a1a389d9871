// SPDX-License-Identifier: MIT
import Firmware
import TestSupport
import Testing

/// Trees that are cut off, or of which a byte is another one: a reader that trusted it would trap, or
/// not end.
@Suite struct DeviceTreeDamageTests {
  /// Reads a tree with everything that is made of it, and checks how much work that was.
  private func read(_ bytes: [UInt8]) -> DeviceTreeResult {
    let memory = BlobMemory(bytes)
    let result = DeviceTreeResult(memory)
    // A tree that is good is read some ten times, for memory, reservations, nodes and devices.
    #expect(memory.counter.count < 15 * bytes.count + 1000)
    return result
  }

  @Test(arguments: ["board", "small-16"])
  func read_cutOffAnywhereIsAnError(name: String) throws {
    let bytes = try DeviceTreeFixture.bytes(name)
    #expect(read(bytes).boot.error == nil)
    for count in 0..<bytes.count {
      // As memory ends, and as the header says.
      let result = read(Array(bytes[..<count]))
      #expect(count > 40 || result.boot.error != nil)
      #expect(result.boot.error == nil || result.boot.regions.isEmpty)
      var said = bytes
      for index in 0..<4 { said[4 + index] = UInt8(truncatingIfNeeded: count >> (24 - index * 8)) }
      #expect(read(said).boot.error != nil)
    }
  }

  @Test(.namingSeed, arguments: ["board", "faulty", "small-16"])
  func read_anyOtherByteNeverTraps(name: String) throws {
    let bytes = try DeviceTreeFixture.bytes(name)
    var random = SplitMix(stream: 0xd00d_feed)
    var errorCount = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] = UInt8.random(in: 0...255, using: &random)
      if read(changed).boot.error != nil { errorCount += 1 }
    }
    // At least the number at the start is such that nothing goes without it.
    #expect(errorCount > 3)
  }

  @Test(
    .namingSeed,
    arguments: [
      "qemu/aarch64-virt", "qemu/aarch64-virt-nodes", "qemu/riscv64-virt",
      "qemu/riscv64-virt-nodes",
      "board",
    ])
  func read_manyOtherBytesNeverTrap(name: String) throws {
    let bytes = try DeviceTreeFixture.bytes(name)
    var random = SplitMix(stream: 17)
    for _ in 0..<100 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        changed[Int.random(in: 0..<bytes.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      _ = read(changed)
      _ = read(Array(bytes[..<Int.random(in: 0..<bytes.count, using: &random)]))
    }
  }

  @Test func read_hugeListsInListsEnd() {
    // Every alias has the name that is looked for, but for its end.
    var aliases = DeviceTreeBuilder.withMemory
    let name = String(repeating: "a", count: 1 << 16)
    aliases.node("aliases")
    aliases.property(name + "b", [])
    for _ in 0..<4096 {
      aliases.token(3)
      aliases.token(0)
      aliases.token(UInt32("#address-cells #size-cells device_type reg ".utf8.count))
    }
    aliases.endNode()
    aliases.node("chosen")
    aliases.property("stdout-path", text: name)
    aliases.endNode()
    aliases.endNode()
    aliases.end()
    let manyAliases = BlobMemory(aliases.bytes)
    #expect(DeviceTreeResult(manyAliases).reports.contains("leads to no node"))
    #expect(manyAliases.counter.count < 20 * manyAliases.bytes.count)

    // Every entry is looked for in all ranges.
    var ranges = DeviceTreeBuilder.withMemory
    ranges.node("reserved-memory")
    ranges.property("#address-cells", cells: 1)
    ranges.property("#size-cells", cells: 1)
    ranges.property("ranges", Array(repeating: 1, count: 1 << 16))
    ranges.node("all")
    ranges.property("reg", Array(repeating: 0, count: 1 << 14))
    ranges.endNode()
    ranges.endNode()
    ranges.endNode()
    ranges.end()
    let manyRanges = BlobMemory(ranges.bytes)
    #expect(DeviceTreeResult(manyRanges).boot.reports.contains("is not in the ranges"))
    #expect(manyRanges.counter.count < 2048 * 64 * 16 + 20 * manyRanges.bytes.count)
  }

  @Test func read_hugeListsOfNodesOrEntriesEnd() {
    // Every one of them is looked at for several purposes.
    var nodes = DeviceTreeBuilder.withMemory
    for _ in 0..<10_000 {
      nodes.node("memory@0")
      nodes.endNode()
    }
    nodes.endNode()
    nodes.end()
    let manyNodes = BlobMemory(nodes.bytes)
    #expect(DeviceTreeResult(manyNodes).boot.error == nil)
    #expect(manyNodes.counter.count < 20 * manyNodes.bytes.count)

    var entries = DeviceTreeBuilder.withMemory
    entries.node("reserved-memory")
    entries.node("all")
    entries.property("reg", Array(repeating: 1, count: 1 << 18))
    entries.endNode()
    entries.endNode()
    entries.endNode()
    entries.end()
    let manyEntries = BlobMemory(entries.bytes)
    #expect(
      DeviceTreeResult(manyEntries).boot.error
        == "list of held ranges is full: it holds 64, needs to hold 16385")
    #expect(manyEntries.counter.count < 10 * manyEntries.bytes.count)
  }
}
