// SPDX-License-Identifier: MIT
#if arch(arm64)
import Board
import PhysicalMemory

/// Entries of aarch64's tables, for pages of 4, 16 or 64 KiB (Arm ARM, D8.3).
enum PageEntries: PageTableFormat {
  static let processorName: StaticString = "aarch64"

  /// The number of levels that 48 bits of address need: 4, or 3 with pages of 64 KiB.
  static var levelCount: Int {
    let bitCount = Int(PageFrame.byteCountShift)
    let bitCountOfLevel = bitCount - 3
    return (48 - bitCount + bitCountOfLevel - 1) / bitCountOfLevel
  }

  /// With pages of 4 KiB an entry can map a GiB; with others only a block one level below.
  static var highestLeafLevel: Int { PageFrame.byteCountShift == 12 ? 2 : 1 }

  /// 48 bits of address, or as many as the processor has lines for.
  static var reach: PageFrame {
    PageFrame(1 << (UInt64(board_physical_address_bit_count()) - PageFrame.byteCountShift))
  }

  // Numbers of attributes, as the entry code sets them up in MAIR_EL1.
  private static let device: UInt64 = 0 << 2
  private static let memory: UInt64 = 1 << 2 | innerShareable
  private static let innerShareable: UInt64 = 3 << 8

  private static let tableOrPage: UInt64 = 0b11
  private static let block: UInt64 = 0b01
  private static let readOnly: UInt64 = 1 << 7
  private static let accessed: UInt64 = 1 << 10
  private static let neverExecutedInEL1: UInt64 = 1 << 53
  private static let neverExecutedInEL0: UInt64 = 1 << 54

  static func table(at address: UInt64) -> UInt64 { address | tableOrPage }

  static func leaf(
    at address: UInt64, level: Int, access: PageAccess, isDevice: Bool
  ) -> UInt64 {
    var entry = address | accessed | neverExecutedInEL0
    entry |= level == 0 ? tableOrPage : block
    entry |= isDevice ? device : memory
    switch access {
    case .none: return 0
    case .read: entry |= readOnly | neverExecutedInEL1
    case .readAndExecute: entry |= readOnly
    case .readAndWrite: entry |= neverExecutedInEL1
    }
    return entry
  }
}
#endif
