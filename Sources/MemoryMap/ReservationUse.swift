// SPDX-License-Identifier: MIT
import TextOutput

/// What a range is reserved for, as a device tree has it.
public enum ReservationUse: UInt8, CaseIterable, Sendable {
  /// Its owner alone.
  case reserved
  /// Its owner, and whoever the kernel lends it to until then ("reusable").
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
