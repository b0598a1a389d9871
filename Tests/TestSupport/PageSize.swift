// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

extension Trait where Self == ConditionTrait {
  /// Enables a test for pages of 4 KiB only, since the addresses that it writes out, or Linux's in
  /// its traces, are those of such pages.
  public static var onPagesOf4KiB: Self {
    .enabled(if: PageFrame.byteCount == 4096, "its addresses are those of pages of 4 KiB")
  }
}
