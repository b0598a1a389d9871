// SPDX-License-Identifier: MIT
import ArgumentParser
import PhysicalMemory

/// A page size on the command line.
///
/// All modules, and this program with them, are built for one size: `scripts/bootmem` builds a
/// program for each.
enum PageSize: String, CaseIterable, ExpressibleByArgument {
  case kibibytes4 = "4K"
  case kibibytes16 = "16K"
  case kibibytes64 = "64K"

  /// The size that this program is built for.
  static var own: PageSize {
    switch PageFrame.byteCountShift {
    case 14: .kibibytes16
    case 16: .kibibytes64
    default: .kibibytes4
    }
  }
}
