import PhysicalMemory
import TextOutput

/// A range of memory and who holds it.
public struct OwnedRange: Hashable, Sendable, TableLine {
  /// The bytes.  Every page that they touch is held.
  public let range: AddressRange

  /// Who holds them.
  public let owner: MemoryOwner

  /// Makes a range with its owner.
  @inlinable
  public init(range: AddressRange, owner: MemoryOwner) {
    self.range = range
    self.owner = owner
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
