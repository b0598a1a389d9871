// SPDX-License-Identifier: MIT
#if arch(riscv64)
import Board
import PhysicalMemory

/// Entries of riscv64's tables (RISC-V privileged architecture, 4.4 and 4.5).
enum PageEntries: PageTableFormat {
  static let processorName: StaticString = "riscv64"

  /// 4 with 48 bits of address, 3 with 39.
  static var levelCount: Int { Int(board_page_level_count()) }

  static var highestLeafLevel: Int { levelCount - 1 }

  /// The lower half of the virtual addresses.
  static var reach: PageFrame { PageFrame(1 << (9 * UInt64(levelCount) - 1)) }

  private static let valid: UInt64 = 1 << 0
  private static let read: UInt64 = 1 << 1
  private static let write: UInt64 = 1 << 2
  private static let execute: UInt64 = 1 << 3
  // The accessed and dirty bits, which some processors leave to the kernel.
  private static let used: UInt64 = 1 << 6 | 1 << 7

  static func table(at address: UInt64) -> UInt64 { address >> 2 | valid }

  /// The processor itself knows which memory is a device's.
  static func leaf(
    at address: UInt64, level: Int, access: PageAccess, isDevice: Bool
  ) -> UInt64 {
    let entry = address >> 2 | valid | used | read
    return switch access {
    case .none: 0
    case .read: entry
    case .readAndExecute: entry | execute
    case .readAndWrite: entry | write
    }
  }
}
#endif
