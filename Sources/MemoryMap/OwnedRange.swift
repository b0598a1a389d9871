// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range of memory and its owner.
public struct OwnedRange: Hashable, Sendable, TableLine {
  /// The bytes.
  public let range: AddressRange

  /// The owner of the bytes.
  public let owner: MemoryOwner

  /// Whether boot memory allocated the range.
  ///
  /// The first and last page of an allocation may be shared with other allocations; a reserved
  /// range owns every page that it touches.
  public let isAllocated: Bool

  /// Whether it is needed only until the kernel has started, and can be released then.
  public var isNeededOnlyDuringBoot: Bool

  /// How many bytes are left of the red zone that a ledger's debug mode put after the end; 0 for
  /// none.
  public package(set) var redZoneByteCount: UInt8

  /// Makes a range with its owner.
  public init(
    range: AddressRange, owner: MemoryOwner, isAllocated: Bool = false,
    isNeededOnlyDuringBoot: Bool = false, redZoneByteCount: UInt8 = 0
  ) {
    self.range = range
    self.owner = owner
    self.isAllocated = isAllocated
    self.isNeededOnlyDuringBoot = isNeededOnlyDuringBoot
    self.redZoneByteCount = redZoneByteCount
  }

  /// The pages that belong to the range alone, unless another known range touches them: for an
  /// allocation, the pages entirely inside it, otherwise all that it touches.
  public var ownPages: PageRange {
    isAllocated ? range.wholePages ?? PageRange(emptyAt: range.start.pageFrame) : range.touchedPages
  }

  /// This range reduced to a part of its bytes; the red zone stays only with the last byte.
  package func replacing(_ range: AddressRange) -> OwnedRange {
    OwnedRange(
      range: range, owner: owner, isAllocated: isAllocated,
      isNeededOnlyDuringBoot: isNeededOnlyDuringBoot,
      redZoneByteCount: range.last == self.range.last ? redZoneByteCount : 0)
  }

  /// Prints `START-LAST OWNER` with addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    range.write(to: &sink)
    sink.write(" ")
    owner.write(to: &sink)
  }
}

/// Ranges with their owners, in the order in which they were found.
public typealias OwnedRangeList = BoundedList<OwnedRange>

extension OwnedRangeList {
  /// The first range of `owner`; nil if there is none.
  ///
  /// - Complexity: O(n).
  public borrowing func first(of owner: MemoryOwner) -> AddressRange? {
    for index in 0..<count where self[index].owner == owner { return self[index].range }
    return nil
  }

  /// Appends a range; an empty one holds nothing and is left out.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ range: AddressRange, _ owner: MemoryOwner) {
    guard !range.isEmpty else { return }
    append(OwnedRange(range: range, owner: owner))
  }

  /// Appends a range that the loader filled; an empty one holds nothing and is left out.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ range: AddressRange, _ data: LoaderData) {
    append(range, .loader(data))
  }
}
