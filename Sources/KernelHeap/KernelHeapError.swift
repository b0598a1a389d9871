// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// Why a heap did not do what it was asked for.  Nothing has changed, except for
/// ``pagesRefused(_:)``.
public enum KernelHeapError: Error, Equatable, Sendable {
  /// Not enough memory is left for that many bytes.
  case outOfMemory(byteCount: UInt)

  /// This alignment is not a power of two.
  case alignmentNotPowerOfTwo(UInt)

  /// No allocation begins at this address, which was to be freed.
  case notAllocated(address: UInt, HeapFinding)

  /// The allocation has been freed, but the source of pages did not take these back: another caller
  /// has freed them.
  case pagesRefused(PageRange)
}

/// What lies at an address that was to be freed.
public enum HeapFinding: Equatable, Sendable {
  /// A page that is not the heap's: it never was, or everything in it was freed.
  case otherPage

  /// A page of the heap, but no allocation: it was freed before, or never given out.
  case noAllocation

  /// The inside of the allocation that begins at this address.
  case insideAllocation(address: UInt)
}

extension KernelHeapError {
  /// Writes the reason in a readable form, without a line feed:
  /// `0x12f0 was to be freed, but is not allocated: it was freed before, or never given out`.
  ///
  /// Addresses, sizes and page frame numbers are hexadecimal.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .outOfMemory(let byteCount):
      sink.write("out of memory: no room for 0x", hexadecimal: UInt64(byteCount), " bytes")
    case .alignmentNotPowerOfTwo(let alignment):
      sink.write("the alignment 0x", hexadecimal: UInt64(alignment), " is not a power of two")
    case .notAllocated(let address, let finding):
      sink.write("0x", hexadecimal: UInt64(address), " was to be freed, but ")
      finding.write(to: &sink)
    case .pagesRefused(let pages):
      sink.write("the pages from 0x", hexadecimal: pages.start.number, " to 0x")
      sink.write(hexadecimal: pages.end.number)
      sink.write(" were the heap's, but another caller has freed them")
    }
  }
}

extension HeapFinding {
  /// Writes what lies there, without a line feed.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .otherPage:
      sink.write("lies in no page of the heap: it was freed before, or never given out")
    case .noAllocation:
      sink.write("is not allocated: it was freed before, or never given out")
    case .insideAllocation(let address):
      sink.write("lies inside the allocation at 0x", hexadecimal: UInt64(address), "")
    }
  }
}
