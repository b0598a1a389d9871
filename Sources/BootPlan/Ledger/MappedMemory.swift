// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Memory that can be accessed through pointers, for a ledger's debug mode to fill and check.
public protocol MappedMemory: ~Copyable {
  /// See ``/BootMemory/BootMemory/pointer(to:)``.
  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer?

  /// See ``/BootMemory/BootMemory/bitmapPages(overlapping:)``: pages that are freed while still in
  /// use.
  func bitmapPages(overlapping pages: PageRange) -> PageRange?
}
