// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct NodeInformationTests {
  private let usable: [Range<UInt64>] = [0..<0x10_0000]
  private static let oneNode = ["0:0-ff"]
  private static let twoNodes = ["0:0-7f", "1:80-ff"]

  /// Two nodes of 128 pages, with a processor each.
  private var twoNodes: ACPIBuilder {
    var tables = ACPIBuilder()
    tables.appendAPIC(domain: 0)
    tables.appendAPIC(domain: 1)
    tables.appendMemory(domain: 0, start: 0, byteCount: 0x8_0000)
    tables.appendMemory(domain: 1, start: 0x8_0000, byteCount: 0x8_0000)
    return tables
  }

  @Test func read_findsTheRootPointerWhereverItIs() throws {
    let tables = twoNodes
    for isExtended in [false, true] {
      for root: UInt64 in [0xe_0000, 0xf_5a90, 0xf_fff0] {
        let result = try NodeResult(
          tables.memory(root: root, isExtended: isExtended), usable: usable)
        #expect(result.isFound && result.ranges == Self.twoNodes)
        #expect(result.reports == "")
      }
      var memory = tables.memory(root: 0x9_fc10, isExtended: isExtended)
      memory.put([0xc0, 0x9f], at: 0x40e)
      #expect(try NodeResult(memory, usable: usable).ranges == Self.twoNodes)
      let ofLoader = try NodeResult(
        tables.memory(root: 0x12_3457, isExtended: isExtended), rootPointer: 0x12_3457,
        usable: usable)
      #expect(ofLoader.ranges == Self.twoNodes)
    }
  }

  @Test func read_doesNotFindARootPointerElsewhere() throws {
    // Not on a multiple of 16, behind the first KiB of the extended area, above the BIOS.
    for root: UInt64 in [0xf_5a98, 0xa_0000, 0x10_0000] {
      let result = try NodeResult(twoNodes.memory(root: root), usable: usable)
      #expect(!result.isFound && result.ranges == Self.oneNode && result.nodeCount == 1)
    }
    var memory = twoNodes.memory(root: 0x9_f800)
    memory.put([0x40, 0x9f], at: 0x40e)
    #expect(try !NodeResult(memory, usable: usable).isFound)
  }

  @Test func read_withoutACPIThereIsOneNode() throws {
    let result = try NodeResult(FakeMemory(), usable: usable)
    #expect(!result.isFound)
    #expect(result.ranges == Self.oneNode)
    #expect(result.nodeCount == 1)
    #expect(result.reports == "")
    #expect(result.domains == [nil])
  }

  @Test func read_damagedPointerOfTheLoaderIsReportedAndTheBIOSAreaServes() throws {
    let result = try NodeResult(twoNodes.memory(), rootPointer: 0x5000, usable: usable)
    #expect(
      result.reports == "firmware: ACPI root pointer of the loader at 0x5000: is damaged\n")
    #expect(result.ranges == Self.twoNodes)
  }

  @Test func read_damagedTablesAreReportedAndThereIsOneNode() throws {
    for address: UInt64 in [0x7ff0_0000, 0x7ff0_1000] {
      var memory = twoNodes.memory()
      memory.put([0x77], at: address + 10)
      let result = try NodeResult(memory, usable: usable)
      #expect(result.ranges == Self.oneNode)
      #expect(result.reports.hasSuffix("has a wrong checksum\n"))
    }
    var memory = twoNodes.memory()
    memory.put([0x77], at: 0xf_5a90 + 10)
    #expect(try NodeResult(memory, usable: usable).ranges == Self.oneNode)
  }

  @Test func read_damagedExtendedPointerFallsBackOnTheOldTable() throws {
    var memory = twoNodes.memory()
    var root = ByteBuilder()
    root.append(ACPIBuilder.rootPointer(to: 0x7ff0_0000, isExtended: false))
    root.set(UInt8(0), at: 8)
    root.set(UInt8(2), at: 15)
    root.set(ACPIBuilder.checksum(root.bytes), at: 8)
    // The extended part: size, an address that leads nowhere, and no checksum.
    root.append(UInt32(36))
    root.append(UInt64(0xdead_0000))
    root.append(UInt32(0))
    memory.put(root.bytes, at: 0xf_5a90)
    let damaged = try NodeResult(memory, usable: usable)
    #expect(damaged.ranges == Self.twoNodes && damaged.reports == "")
    // With a checksum, the table is looked for, and missed.
    root.set(ACPIBuilder.checksum(root.bytes), at: 32)
    memory.put(root.bytes, at: 0xf_5a90)
    let result = try NodeResult(memory, usable: usable)
    #expect(result.ranges == Self.twoNodes)
    #expect(
      result.reports == "firmware: ACPI table at 0xdead0000: is not what it was said to be\n")
  }

  @Test func domains_becomeNodesInTheOrderOfProcessorsThenMemory() throws {
    var tables = ACPIBuilder()
    tables.appendMemory(domain: 9, start: 0, byteCount: 0x1_0000)
    tables.append(type: 2, byteCount: 24, domain: 0xffff_ffff, at: 4, flagsAt: 12)
    tables.appendAPIC(domain: 0x0102_0304)
    tables.append(type: 3, byteCount: 18, domain: 77, at: 2, flagsAt: 10)
    tables.append(type: 5, byteCount: 32, domain: 5, at: 4, flagsAt: 24)
    tables.append(type: 4, byteCount: 12, domain: 1234, at: 2, flagsAt: 6)
    tables.appendAPIC(domain: 66, flags: 0)
    tables.appendMemory(domain: 0x0102_0304, start: 0x1_0000, byteCount: 0xf_0000)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.domains == [0xffff_ffff, 0x0102_0304, 77, 5, 9])
    #expect(result.ranges == ["4:0-f", "1:10-ff"])
    #expect(result.reports == "")
  }

  @Test func domains_ofOldTablesHave8Bits() throws {
    var tables = ACPIBuilder()
    tables.revision = 1
    tables.appendAPIC(domain: 0xabcd_ef00)
    tables.appendMemory(domain: 0x1234_5601, start: 0, byteCount: 0x10_0000)
    #expect(try NodeResult(tables.memory(), usable: usable).domains == [0, 1])
  }

  @Test func entries_thatAreDisabledSayNothing() throws {
    var tables = twoNodes
    tables.appendMemory(domain: 2, start: 0, byteCount: 0x10_0000, flags: 0)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.nodeCount == 2)
    #expect(result.ranges == Self.twoNodes)
  }

  @Test func entries_thatAreHotPluggableCountAndAreNoted() throws {
    var tables = ACPIBuilder()
    tables.appendMemory(domain: 0, start: 0, byteCount: 0x8_0000, flags: 1)
    tables.appendMemory(domain: 1, start: 0x8_0000, byteCount: 1 << 46, flags: 3)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges == Self.twoNodes)
    #expect(result.hotPluggable == "  0000000000080000-000040000007ffff 64 TiB\n")
  }

  /// Disabled entries, and those whose memory keeps its contents, are none.
  @Test func entries_withOtherFlagsAreNotHotPluggable() throws {
    var tables = twoNodes
    tables.appendMemory(domain: 1, start: 0x20_0000, byteCount: 0x1000, flags: 2)
    tables.appendMemory(domain: 1, start: 0x30_0000, byteCount: 0x1000, flags: 5)
    tables.appendMemory(domain: 1, start: 0x40_0000, byteCount: 0, flags: 3)
    #expect(try NodeResult(tables.memory(), usable: usable).hotPluggable == "")
  }

  @Test func entries_ofNoSizeMakeNodesWithoutMemory() throws {
    var tables = twoNodes
    tables.appendMemory(domain: 2, start: 0x4000, byteCount: 0)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.nodeCount == 3)
    #expect(result.ranges == Self.twoNodes)
  }

  @Test func entries_thatWrapAreClippedAndReported() throws {
    var tables = ACPIBuilder()
    tables.appendMemory(domain: 0, start: 0, byteCount: 0x8_0000)
    tables.appendMemory(domain: 1, start: 0x8_0000, byteCount: .max)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges == Self.twoNodes)
    #expect(
      result.reports == "firmware: ACPI affinity 1 at 0x80000: "
        + "clipped at the top of the address space, has size: 0xffffffffffffffff\n")
  }

  /// Linux: "PXM overlaps with PXM"; it refuses the whole table, and so is there one node.
  @Test func entries_ofTwoNodesThatOverlapLeaveOneNode() throws {
    var tables = twoNodes
    tables.appendMemory(domain: 0, start: 0x9_0000, byteCount: 0x1000)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges.allSatisfy { $0.hasPrefix("0:") })
    #expect(result.nodeCount == 1)
    #expect(result.conflictCount == 1)
  }

  @Test func entry_ofSizeZeroEndsTheTable() throws {
    var tables = twoNodes
    tables.append([1, 0, 0, 0])
    tables.appendAPIC(domain: 3)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges == Self.twoNodes && result.nodeCount == 2)
    #expect(
      result.reports
        == "firmware: ACPI affinity 4 at 0x7ff010a0: is cut off; the rest is ignored\n")
  }

  @Test func entry_beyondTheTableEndsIt() throws {
    var tables = twoNodes
    tables.append([1, 40, 0, 0, 0])
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges == Self.twoNodes)
    #expect(result.reports.contains("ACPI affinity 4 at 0x7ff010a0: is cut off"))
  }

  @Test func entry_tooSmallForItsTypeIsIgnored() throws {
    var tables = ACPIBuilder()
    tables.append([1, 8, 9, 0, 0, 0, 0, 0])
    tables.appendMemory(domain: 0, start: 0, byteCount: 0x8_0000)
    tables.appendMemory(domain: 1, start: 0x8_0000, byteCount: 0x8_0000)
    let result = try NodeResult(tables.memory(), usable: usable)
    #expect(result.ranges == Self.twoNodes)
    #expect(
      result.reports == "firmware: ACPI affinity 0 at 0x7ff01030: "
        + "is too small; ignored, has size: 0x8\n")
  }

  @Test func fullStorage_saysHowMuchIsNeeded() throws {
    let memory = twoNodes.memory()
    let full = try NodeResult(memory, usable: usable, affinityCapacity: 1)
    #expect(full.error == "list of memory affinities is full: it holds 1, needs to hold 2")
    #expect(full.nodeCount == 1 && full.ranges == Self.oneNode)
    let nodes = try NodeResult(memory, usable: usable, domainCapacity: 1)
    #expect(
      nodes.error == "more than 1 nodes: there is no room for them; room for 4 is enough")
    #expect(nodes.nodeCount == 1 && nodes.ranges == Self.oneNode)
  }

  @Test func read_damagedAnywhereNeverTraps() throws {
    let tables = twoNodes
    for isExtended in [false, true] {
      let memory = tables.memory(isExtended: isExtended)
      let root = ACPIBuilder.rootPointer(to: 0x7ff0_0000, isExtended: isExtended)
      let areas: [(UInt64, Int)] = [
        (0xf_5a90, root.count), (0x7ff0_0000, 52), (0x7ff0_1000, tables.affinityTable.count),
      ]
      for (start, count) in areas {
        for offset in 0..<UInt64(count) {
          var cut = memory
          cut.remove(from: start + offset, byteCount: 8192)
          #expect(try NodeResult(cut, rootPointer: 0xf_5a90, usable: usable).error == nil)
          for value: UInt8 in [0, 0x80, 0xff] {
            var changed = memory
            changed.put([value], at: start + offset)
            // Checksums find every damage to a single byte, or it is harmless.
            let result = try NodeResult(changed, rootPointer: 0xf_5a90, usable: usable)
            #expect(result.ranges == Self.twoNodes || result.ranges == Self.oneNode)
          }
        }
      }
    }
  }

  /// A table without entries at 7ff02000, to which the extended part leads: one node.  The old part
  /// leads to two nodes.
  @Test func extendedPart_isUsedFromRevision2On() throws {
    let cases: [(revision: UInt8, size: Int, address: UInt64, isUsed: Bool)] = [
      (2, 36, 0x7ff0_2000, true), (3, 256, 0x7ff0_2000, true), (1, 36, 0x7ff0_2000, false),
      (2, 35, 0x7ff0_2000, false), (2, 257, 0x7ff0_2000, false), (2, 36, 0, false),
    ]
    for (revision, size, address, isUsed) in cases {
      var memory = twoNodes.memory()
      memory.put(ACPIBuilder.table("XSDT", revision: 1, []), at: 0x7ff0_2000)
      var root = ByteBuilder()
      root.append(ACPIBuilder.rootPointer(to: 0x7ff0_0000, isExtended: false))
      root.set(UInt8(0), at: 8)
      root.set(revision, at: 15)
      root.set(ACPIBuilder.checksum(root.bytes), at: 8)
      root.append(UInt32(size))
      root.append(address)
      root.pad(to: max(size, 36))
      root.set(ACPIBuilder.checksum(Array(root.bytes.prefix(size))), at: 32)
      memory.put(root.bytes, at: 0xf_5a90)
      let result = try NodeResult(memory, usable: usable)
      #expect(result.ranges == (isUsed ? Self.oneNode : Self.twoNodes), "\(revision), \(size)")
      #expect(result.reports == "")
    }
  }

  @Test func tables_haveAHeaderAndAtMost1MiB() throws {
    let cases: [(size: UInt32, complaint: String)] = [
      (35, "has no such size: 0x23"), (36, "has a wrong checksum"),
      (1 << 20, "has a wrong checksum"), ((1 << 20) + 1, "has no such size: 0x100001"),
    ]
    for (size, complaint) in cases {
      for address: UInt64 in [0x7ff0_0000, 0x7ff0_1000] {
        var memory = twoNodes.memory()
        var bytes = ByteBuilder()
        bytes.append(size)
        memory.put(bytes.bytes, at: address + 4)
        let result = try NodeResult(memory, usable: usable)
        #expect(result.ranges == Self.oneNode)
        let place = String(address, radix: 16)
        #expect(result.reports == "firmware: ACPI table at 0x\(place): \(complaint)\n")
      }
    }
    // A header alone is a table.
    var memory = twoNodes.memory()
    memory.put(ACPIBuilder.table("RSDT", revision: 1, []), at: 0x7ff0_0000)
    let result = try NodeResult(memory, usable: usable)
    #expect(!result.isFound && result.reports == "")
  }

  @Test func domains_have32BitsFromRevision2On() throws {
    var tables = ACPIBuilder()
    tables.revision = 2
    tables.appendAPIC(domain: 0xabcd_ef00)
    tables.appendMemory(domain: 0x1234_5601, start: 0, byteCount: 0x10_0000)
    #expect(
      try NodeResult(tables.memory(), usable: usable).domains == [0xabcd_ef00, 0x1234_5601])
  }

  /// The smallest entry of each type is read, and one byte less is too small; a disabled one, or one
  /// of another type, says nothing.
  @Test func entries_areAsLongAsTheirLastField() throws {
    let shapes: [(type: UInt8, byteCount: Int, domain: Int, flags: Int)] = [
      (0, 12, 2, 4), (1, 32, 2, 28), (2, 16, 4, 12), (3, 14, 2, 10), (5, 28, 4, 24),
    ]
    for (type, byteCount, domain, flags) in shapes {
      for shorter in [0, 1] {
        for isEnabled in [true, false] {
          var entry = ByteBuilder()
          entry.pad(to: byteCount)
          entry.set(UInt8(7), at: domain)
          entry.set(UInt32(isEnabled ? 0xffff_ffff : 0xffff_fffe), at: flags)
          entry.set(type, at: 0)
          entry.set(UInt8(byteCount - shorter), at: 1)
          var tables = ACPIBuilder()
          tables.append(Array(entry.bytes.dropLast(shorter)))
          tables.appendAPIC(domain: 9)
          let result = try NodeResult(tables.memory(), usable: usable)
          // Domains of processors come first.
          let both: [UInt32?] = type == 1 ? [9, 7] : [7, 9]
          #expect(
            result.domains == (isEnabled && shorter == 0 ? both : [9]), "\(type), \(shorter)")
          #expect(result.reports.contains("is too small") == (shorter == 1))
        }
      }
    }
    for type: UInt8 in [4, 6, 0xff] {
      var tables = ACPIBuilder()
      tables.append([type, 2])
      tables.appendAPIC(domain: 9)
      let result = try NodeResult(tables.memory(), usable: usable)
      #expect(result.domains == [9] && result.reports == "")
    }
  }
}
