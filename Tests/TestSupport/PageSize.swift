// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

extension Trait where Self == ConditionTrait {
  /// The addresses that the test writes out, or Linux's in its traces, are those of pages of 4 KiB.
  public static var onPagesOf4KiB: Self {
    .enabled(if: PageFrame.byteCount == 4096, "its addresses are those of pages of 4 KiB")
  }
}
