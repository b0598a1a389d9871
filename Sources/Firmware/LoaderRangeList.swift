import PhysicalMemory
import TextOutput

/// The ranges that the loader holds, in storage of the list's owner.
///
/// What does not fit is counted, and ``checkCapacity()`` says so.
@safe
public struct LoaderRangeList: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<LoaderRange>

  /// The number of ranges that were appended, whether or not there was room for them.
  private var appendedCount = 0

  /// Makes an empty list in `storage`, which must stay valid, and untouched by others, as long as
  /// the list is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<LoaderRange>) {
    unsafe self.storage = storage
  }

  /// The number of ranges that the list can hold.
  public var capacity: Int { unsafe storage.count }

  /// The number of ranges in the list.
  public var count: Int { min(appendedCount, capacity) }

  /// The range at `index`, counted from 0 in the order in which they were found.
  public subscript(index: Int) -> LoaderRange {
    precondition(index >= 0 && index < count)
    return unsafe storage[index]
  }

  /// The range of the first entry of `owner`; nil if there is none.
  ///
  /// - Complexity: O(n).
  public borrowing func first(of owner: LoaderRange.Owner) -> AddressRange? {
    for index in 0..<count where self[index].owner == owner { return self[index].range }
    return nil
  }

  /// Appends a range; an empty one holds nothing and is left out.
  mutating func append(_ range: AddressRange, _ owner: LoaderRange.Owner) {
    guard !range.isEmpty else { return }
    if appendedCount < capacity {
      unsafe storage.initializeElement(
        at: appendedCount, to: LoaderRange(range: range, owner: owner))
    }
    appendedCount += 1
  }

  /// Empties the list.
  mutating func removeAll() {
    appendedCount = 0
  }

  /// Says with an error that there was no room for all ranges, and how much is needed.
  public borrowing func checkCapacity() throws(FirmwareError) {
    guard appendedCount <= capacity else {
      throw .loaderRangesFull(capacity: capacity, needed: appendedCount)
    }
  }

  /// Prints one range a line, each behind two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    for index in 0..<count {
      sink.write("  ")
      self[index].write(to: &sink)
      sink.write("\n")
    }
  }
}
