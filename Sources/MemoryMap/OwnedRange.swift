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

  /// Whether the debug mode of a ledger has laid a red zone behind its end.
  public let hasRedZone: Bool

  /// Makes a range with its owner.
  @inlinable
  public init(
    range: AddressRange, owner: MemoryOwner, isAllocated: Bool = false,
    isNeededOnlyDuringBoot: Bool = false, hasRedZone: Bool = false
  ) {
    self.range = range
    self.owner = owner
    self.isAllocated = isAllocated
    self.isNeededOnlyDuringBoot = isNeededOnlyDuringBoot
    self.hasRedZone = hasRedZone
  }

  /// The pages that are its own, if no other range that is known of touches them: of an allocation
  /// those that lie in it as a whole, else all that it touches.
  public var ownPages: PageRange {
    isAllocated ? range.wholePages ?? PageRange(emptyAt: range.start.pageFrame) : range.touchedPages
  }

  /// The same, of a part of the bytes.
  package func replacing(_ range: AddressRange) -> OwnedRange {
    OwnedRange(
      range: range, owner: owner, isAllocated: isAllocated,
      isNeededOnlyDuringBoot: isNeededOnlyDuringBoot,
      hasRedZone: hasRedZone && range.last == self.range.last)
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

  /// Takes bytes out of all ranges.
  ///
  /// A range that has bytes on both sides becomes two, of which the second one comes last.
  ///
  /// - Precondition: The list is complete.
  /// - Returns: How many such second ones were left out for want of room.
  /// - Complexity: O(n²), O(n) where less than a whole range is taken out.
  package mutating func remove(_ bytes: AddressRange) -> Int {
    var leftOutCount = 0
    var index = 0
    while index < count {
      let held = self[index]
      guard let part = held.range.intersection(bytes) else {
        index += 1
        continue
      }
      switch held.range.removing(part) {
      case (nil, nil):
        remove(at: index)
        continue
      case (let front?, nil): self[index] = held.replacing(front)
      case (nil, let behind?): self[index] = held.replacing(behind)
      case (let front?, let behind?):
        self[index] = held.replacing(front)
        if count < capacity { append(held.replacing(behind)) } else { leftOutCount += 1 }
      }
      index += 1
    }
    return leftOutCount
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
