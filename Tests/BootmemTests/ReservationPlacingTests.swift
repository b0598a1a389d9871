// SPDX-License-Identifier: MIT
import Bootmem
import Foundation
import TestSupport
import Testing

/// What device trees ask for without saying where; see `Tests/Fixtures/device-trees`.
@Suite(.onPagesOf4KiB) struct ReservationPlacingTests {
  /// A tree in memory, from 0x48000000 on, and what the account makes of it.
  private struct Board: PhysicalMemoryReader {
    let bytes: [UInt8]

    init(_ name: String) throws {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      bytes = try Array(
        Data(contentsOf: folder.appending(path: "Fixtures/device-trees/\(name).dtb")))
    }

    func byte(at address: PhysicalAddress) -> UInt8? {
      let offset = address.rawValue &- 0x4800_0000
      return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
    }

    /// Makes the account and gives it to `body`.
    func withAccount<Result>(
      capacity: MachineAccount.Capacity = .init(),
      _ body: (borrowing MachineAccount, _ notes: String) throws -> Result
    ) throws -> Result {
      let block = UnsafeMutableRawBufferPointer.allocate(
        byteCount: capacity.byteCount, alignment: 16)
      defer { unsafe block.deallocate() }
      let start = unsafe try #require(block.baseAddress)
      var storage = unsafe TableStorage(start: start, end: start + block.count)
      var notes = PrintedText()
      let account = try MachineAccount(
        reading: DeviceTreeBlob(), at: 0x4800_0000, in: self, image: nil, below: .end,
        capacity: capacity, storage: &storage, reportingTo: &notes)
      return try body(account, notes.text)
    }
  }

  @Test func requests_haveAPlaceInTheirRangesAndTheirNamesAreHolders() throws {
    try Board("dynamic").withAccount { account, notes in
      #expect(notes == "")
      // The highest one in 0x4a000000 to 0x4fffffff, and in 0x40000000 to 0x40ffffff.
      #expect(account.placedRange(named: "cma") == AddressRange(0x4c00_0000..<0x5000_0000))
      #expect(account.placedRange(named: "dsp") == AddressRange(0x40f0_0000..<0x4100_0000))
      #expect(account.placedRange(named: "ds") == nil)
      var held = PrintedText()
      account.owners.write(to: &held)
      #expect(held.text.contains("  000000004c000000-000000004fffffff reusable memory cma\n"))
      #expect(held.text.contains("  0000000040f00000-0000000040ffffff unmapped memory dsp\n"))
      // What must not be mapped is no usable memory.
      #expect(account.map.usablePageCount() == 0x4_0000 - 0x100)
    }
  }

  /// In the tree's order: the second one gets what the first one leaves, and the last fits nowhere.
  @Test func requests_arePlacedInTheTreesOrder() throws {
    try Board("requests").withAccount { account, notes in
      #expect(account.placedRange(named: "first") == AddressRange(0x4030_0000..<0x4040_0000))
      #expect(account.placedRange(named: "second") == AddressRange(0x4020_0000..<0x4030_0000))
      // Of two ranges the first that has room.
      #expect(account.placedRange(named: "third") == AddressRange(0x4060_0000..<0x4070_0000))
      #expect(account.placedRange(named: "anywhere") == AddressRange(0x7fff_f000..<0x7fff_f100))
      #expect(account.placedRange(named: "fourth") == nil)
      #expect(
        notes == """
          device tree reserved memory fourth: 0x200000 bytes aligned to 0x200000 in \
          0000000040200000-00000000405fffff, 0000000090000000-000000009fffffff: there is no such room
          firmware: device tree reserved memory at 0x48000268: has an alignment that is no power of \
          two; ignored is: 0x3
          firmware: device tree reserved memory at 0x480002e4: has neither reg nor a size; ignored

          """)
    }
  }

  @Test func requests_namesWithoutRoomAreAnErrorThatSaysHowMuchIsNeeded() throws {
    var capacity = MachineAccount.Capacity()
    capacity.nameByteCount = 5
    #expect(
      throws: BootError.self
    ) { try Board("dynamic").withAccount(capacity: capacity) { _, _ in } }
    do {
      try Board("dynamic").withAccount(capacity: capacity) { _, _ in }
    } catch let error as BootError {
      var text = PrintedText()
      error.write(to: &text)
      #expect(
        text.text
          == "storage for names of reservations is full: it holds 5 bytes, needs to hold 6")
    }
  }
}
