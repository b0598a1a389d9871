// SPDX-License-Identifier: MIT
@testable import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// What is left of an earlier result, and what a loader says of its board.
@Suite struct BootInformationTests {
  /// Runs `body` with information of everything that there can be.
  private func withFilledInformation(
    _ body: (inout BootInformation) throws -> Void
  ) throws {
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 8)
    defer { unsafe regions.deallocate() }
    let ranges = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 8)
    defer { unsafe ranges.deallocate() }
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions), heldRanges: OwnedRangeList(storage: ranges))
    information.regions.append(start: PhysicalAddress(0), byteCount: 0x1000, kind: .usable)
    information.heldRanges.append(AddressRange(0x0..<0x1000), .acpiTables)
    information.moduleCount = 3
    information.commandLine = AddressRange(0x0..<0x10)
    information.loaderName = AddressRange(0x10..<0x20)
    information.rootPointer = PhysicalAddress(0xe_0000)
    information.board = .pc
    information.memoryLimitMeaning = .amount
    try body(&information)
  }

  private func isEmpty(_ information: borrowing BootInformation) -> Bool {
    information.regions.count == 0 && information.heldRanges.count == 0
      && information.moduleCount == 0 && information.commandLine == nil
      && information.loaderName == nil && information.rootPointer == nil
      && information.board == .none && information.memoryLimitMeaning == .endAddress
  }

  @Test func read_thatFails_keepsNothing() throws {
    try withFilledInformation { information in
      var sink = PrintedText()
      let result: Void? = try? information.read(
        DeviceTreeBlob(), at: PhysicalAddress(0x100), in: FakeMemory(), reportingTo: &sink)
      #expect(result == nil)
      let isEmpty = isEmpty(information)
      #expect(isEmpty)
    }
  }

  @Test func read_replacesWhatWasThere() throws {
    var tree = DeviceTreeBuilder.withMemory
    tree.endNode()
    tree.end()
    let blob = BlobMemory(tree.bytes)
    try withFilledInformation { information in
      var sink = PrintedText()
      try information.read(
        DeviceTreeBlob(), at: PhysicalAddress(blob.start), in: blob, reportingTo: &sink)
      #expect(information.regions.count == 1 && information.moduleCount == 0)
      #expect(information.heldRanges.first(of: .acpiTables) == nil)
      #expect(information.commandLine == nil && information.loaderName == nil)
      #expect(information.rootPointer == nil)
      #expect(information.board == .deviceTree(PhysicalAddress(blob.start)))
    }
  }
}
