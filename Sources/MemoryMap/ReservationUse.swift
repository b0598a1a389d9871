// SPDX-License-Identifier: MIT
import TextOutput

/// What a range is reserved for, as a device tree has it.
public enum ReservationUse: UInt8, Sendable {
  /// Its owner alone.
  case reserved
  /// Its owner, and until then others to whom the kernel lends it ("reusable").
  case reusable
  /// Its owner, and the kernel must not even map it ("no-map").
  case unmapped

  /// Prints the word.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .reserved: sink.write("reserved")
    case .reusable: sink.write("reusable")
    case .unmapped: sink.write("unmapped")
    }
  }
}

#if !hasFeature(Embedded) || BOOTMEM_HEAP
// An array takes a heap, which kernels need not have.
extension ReservationUse: CaseIterable {}
#endif
