// SPDX-License-Identifier: MIT
import ArgumentParser
import PhysicalMemory

/// A size of pages on the command line.
///
/// All modules are built for one size, this program with them: `scripts/bootmem` builds one for each.
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
