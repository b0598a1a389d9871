// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Board
import MemoryMap
import PhysicalMemory

/// A processor's format of page tables, each of which is a page of 8-byte entries.
protocol PageTableFormat {
  /// The number of levels.
  ///
  /// An entry of the lowest maps a page, and an entry of each level above maps as much as a whole
  /// table below it: with pages of 4 KiB, 2 MiB, then 1 GiB.
  static var levelCount: Int { get }

  /// The highest level, counted from 0, whose entries can map memory instead of a table.
  static var highestLeafLevel: Int { get }

  /// An entry that leads to the table at `address`.
  static func table(at address: UInt64) -> UInt64

  /// An entry of `level` that maps the memory, or a device, at `address`.
  static func leaf(
    at address: UInt64, level: Int, access: PageAccess, isDevice: Bool
  ) -> UInt64
}

/// Tables that map memory to itself, by the largest pages that will do.
struct PageTables<Format: PageTableFormat> {
  private static var entryCountShift: UInt64 { PageFrame.byteCountShift - 3 }
  private static var entryCount: UInt64 { 1 << entryCountShift }

  private let protection: MemoryProtection
  private var usable: UsableWalk

  /// The page of the next table; nil if tables are only counted.
  private var next: PageFrame?

  /// The number of tables.
  private(set) var count: UInt64 = 0

  /// Fills tables that lie at `start`, where there must be room; without `start` only counts them.
  init(for protection: MemoryProtection, at start: PageFrame? = nil) {
    self.protection = protection
    usable = UsableWalk(protection.map)
    next = start
    makeTable(level: Format.levelCount - 1, start: 0)
  }

  /// Fills the table for the pages from `start` on, with those that it leads to.
  ///
  /// - Returns: Its address; nil if tables are only counted.
  @discardableResult
  private mutating func makeTable(level: Int, start: UInt64) -> PhysicalAddress? {
    let address = next?.firstAddress
    count += 1
    next = next?.advanced(byPageCount: 1)
    // A table maps at most 2^58 bytes, with pages of 16 KiB, so nothing overflows.
    let step: UInt64 = 1 << (Self.entryCountShift * UInt64(level))
    // In `self` it would be copied for each entry.
    let protection = protection
    for index in 0..<Self.entryCount {
      let entry = entry(
        level: level, start: start + index * step, pageCount: step, under: protection)
      guard let address else { continue }
      let place = UInt(address.rawValue + index * UInt64(MemoryLayout<UInt64>.stride))
      unsafe UnsafeMutablePointer<UInt64>(bitPattern: place)?.pointee = entry
    }
    return address
  }

  private mutating func entry(
    level: Int, start: UInt64, pageCount: UInt64, under protection: MemoryProtection
  ) -> UInt64 {
    guard start < Paging.reach.number,
      let pages = PageRange(start: PageFrame(start), pageCount: pageCount)
    else { return 0 }
    let access = protection.access(to: pages, usable.first(endingAbove: pages.start))
    if access == PageAccess.none { return 0 }
    if let access, level <= Format.highestLeafLevel, pages.end <= Paging.reach {
      return Format.leaf(
        at: start << PageFrame.byteCountShift, level: level, access: access,
        isDevice: protection.devices.contains(pages))
    }
    guard let table = makeTable(level: level - 1, start: start) else { return 0 }
    return Format.table(at: table.rawValue)
  }
}
#endif
