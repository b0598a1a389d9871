// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// A human-readable report of who holds what.
extension OwnerTable {
  /// Writes who holds what.
  ///
  /// It writes one range per line with its size, in ascending order, then the sum for each owner
  /// that has several ranges, and the sum of all.  Each line is indented by two spaces.
  ///
  /// Overlapping ranges count for each of their owners, but their pages count once in the sum of
  /// all.
  ///
  /// - Complexity: O(n²).
  public borrowing func writeReport(to sink: inout some TextSink) {
    ledger.writeReport(to: &sink)
  }

  /// Writes the reason for a refusal as ``/BootMemory/BootMemoryError/write(to:)`` does, and who
  /// holds the page in the way: `page 0x100 is reserved already; pages 0x100-0x1ff: kernel image`.
  ///
  /// - Complexity: O(n).
  public borrowing func write(_ error: BootMemoryError, to sink: inout some TextSink) {
    error.write(to: &sink)
    let page: PageFrame? =
      switch error {
      case .alreadyReserved(let page), .misuse(.outsideNodes(let page)),
        .misuse(.outsideNode(let page, _)):
        page
      default: nil
      }
    if let page { ledger.writeHolder(of: page, to: &sink) }
  }
}
