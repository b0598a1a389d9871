// SPDX-License-Identifier: MIT
import TextOutput

/// What a range is reserved for, according to a device tree.
public enum ReservationUse: UInt8, Sendable {
  /// For its owner alone.
  case reserved
  /// For its owner; until the owner needs it, the kernel may lend it to others ("reusable").
  case reusable
  /// For its owner; the kernel must not even map it ("no-map").
  case unmapped

  /// Prints the use as one word.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .reserved: sink.write("reserved")
    case .reusable: sink.write("reusable")
    case .unmapped: sink.write("unmapped")
    }
  }
}

#if !hasFeature(Embedded) || BOOTMEM_HEAP
// `allCases` is an array, which needs a heap, and a kernel need not have one.
extension ReservationUse: CaseIterable {}
#endif
