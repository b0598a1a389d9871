// SPDX-License-Identifier: MIT
import MapFiles
import MemoryMap
import PhysicalMemory
import Testing
import TextOutput

/// The output of the demonstration kernel.
@Suite struct DemonstrationTests {
  /// What is read of a log that has these lines after its map.
  private func read(_ lines: String) throws -> MapFile {
    let text = "memory map as given:\n  0000000000000000-0000000000ffffff usable 16 MiB\n" + lines
    return try MapFile(reading: Array(text.utf8), name: "FILE")
  }

  @Test func everyOwner_isReadAsItPrintsItself() throws {
    let owners: [MemoryOwner] =
      [.firstPage, .biosData, .extendedBIOSData, .kernelImage, .bootStack, .acpiTables]
      + [.pageTables, .badMemory, .loader(.bootInformation), .loader(.memoryMap)]
      + [.loader(.commandLine), .loader(.loaderName), .loader(.moduleList), .loader(.module(7))]
      + [.loader(.moduleCommandLine(12)), .loader(.symbols), .loader(.deviceInformation)]
      + [.loader(.setupData(2)), .loader(.kernelAndModules), .loader(.loaderReclaimable)]
      + [.loader(.deviceTree), .loader(.memoryReservation(1)), .loader(.reservedMemory(0))]
      + [.loader(.reusableMemory(3))]
    var sink = StringSink()
    sink.write("held before the first allocation:\n")
    for (index, owner) in owners.enumerated() {
      sink.write("  ")
      OwnedRange(
        range: AddressRange(
          start: PhysicalAddress(UInt64(index) << 12), clampingByteCount: 0x1000),
        owner: owner
      ).write(to: &sink)
      sink.write("\n")
    }
    #expect(try read(sink.text).heldRanges.map(\.owner) == owners)
  }

  @Test func firstLine_isReadBehindWhatFirmwareLeft() throws {
    let text = "\rswift-bootmem on i386\nreach: pages below 0x100000\n"
    let kernel = try MapFile(
      reading: Array(
        (text + "memory map as given:\n  0000000000000000-0000000000ffffff usable 16 MiB\n").utf8),
      name: "FILE"
    ).kernel
    #expect(kernel?.processorName == "i386")
    #expect(kernel?.reach == PageFrame(0x10_0000))
  }

  @Test func hotPluggableMemory_isRead() throws {
    let file = try read(
      """
      nodes: 2, with storage for 64
        node 0 000000000-000000fff 16 MiB
      hot-pluggable memory:
        0000000100000000-000000013fffffff 1 GiB
        0000004000000000-0000004fffffffff 64 GiB
      """)
    #expect(
      file.hotPluggable == [
        AddressRange(0x1_0000_0000..<0x1_4000_0000), AddressRange(0x40_0000_0000..<0x50_0000_0000),
      ])
  }

  /// What the kernel counts in pages would be another number of bytes here.
  @Test func pagesOfAnotherSize_areAnErrorThatSaysWhatToDo() {
    #expect(
      errorText("memory map as given:\nreach: pages of 64 KiB below 0x1\n")
        == "FILE:2: error: the kernel has pages of 64K: --page-size 64K")
    #expect(
      errorText("memory map as given:\nreach: pages of some KiB below 0x1\n")
        == "FILE:2: error: the reach of the kernel is pages of SIZE KiB below END")
  }

  @Test func bitmaps_areLeftOut() throws {
    let file = try read(
      """
      held before the first allocation:
        0000000000001000-0000000000001fff bitmap of node 3
        0000000000002000-0000000000002fff page tables
      """)
    #expect(file.heldRanges.map(\.owner) == [.pageTables])
  }

  @Test func unknownOwner_isAnErrorWithItsLine() {
    do {
      _ = try read("held before the first allocation:\n  0-fff somebody\n")
      Issue.record("read")
    } catch let error as MapFileError {
      #expect(error.description == "FILE:4: error: no such owner of memory: somebody")
    } catch {
      Issue.record(error)
    }
  }

  @Test func nodes_haveTheirPagesAndTheirNumber() throws {
    let file = try read(
      """
      swift-bootmem on x86_64
      nodes: 3, with storage for 64
        node 0 000000000-0000007ff 8 MiB
        node 2 000000800-000000fff 8 MiB
      """)
    // The line with the processor's name comes after the map here, and counts all the same.
    #expect(file.kernel?.nodeCount == 3)
    #expect(file.kernel?.nodeCapacity == 64)
    #expect(file.nodes.map(\.node) == [0, 2])
    #expect(file.nodes.last?.range == AddressRange(0x80_0000..<0x100_0000))
  }

  @Test func onlyTheReaderOfThatMemory_isQuoted() throws {
    let file = try read(
      """
      loader: module 0: overlaps
      and 3 more reports of this kind
      firmware: an entry: is cut off
      and 5 more reports of this kind
      nodes: there is storage for 64
      """)
    #expect(
      file.notes == ["firmware: an entry: is cut off", "and 5 more reports of this kind"])
  }
}
