// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Memory that can be reached by pointers: what the debug mode of a ledger fills and checks.
public protocol MappedMemory: ~Copyable {
  /// See ``/BootMemory/BootMemory/pointer(to:)``.
  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer?

  /// See ``/BootMemory/BootMemory/bitmapPages(overlapping:)``: pages that are freed and in use.
  func bitmapPages(overlapping pages: PageRange) -> PageRange?
}
