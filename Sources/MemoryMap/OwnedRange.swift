// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range of memory and who holds it.
public struct OwnedRange: Hashable, Sendable, TableLine {
  /// The bytes.
  public let range: AddressRange

  /// Who holds them.
  public let owner: MemoryOwner

  /// Whether boot memory allocated it: then its first and its last page may be those of other
  /// allocations too.  What was reserved has all pages that it touches.
  public let isAllocated: Bool

  /// Whether it is needed only until the kernel has started, and can be released then.
  public var isNeededOnlyDuringBoot: Bool

  /// How many bytes of the red zone that a ledger's debug mode put after its end are still there; 0
  /// for none.
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

  /// The pages that are its own, unless another known range touches them: for an allocation those
  /// that lie wholly in it, otherwise all that it touches.
  public var ownPages: PageRange {
    isAllocated ? range.wholePages ?? PageRange(emptyAt: range.start.pageFrame) : range.touchedPages
  }

  /// The same, of a part of the bytes.
  package func replacing(_ range: AddressRange) -> OwnedRange {
    OwnedRange(
      range: range, owner: owner, isAllocated: isAllocated,
      isNeededOnlyDuringBoot: isNeededOnlyDuringBoot,
      redZoneByteCount: range.last == self.range.last ? redZoneByteCount : 0)
  }

  /// Prints `START-LAST OWNER`, addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    range.write(to: &sink)
    sink.write(" ")
    owner.write(to: &sink)
  }
}

/// Ranges that are held, in the order in which they were found.
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
