import MemoryMap
import PhysicalMemory
import TextOutput

/// The ranges that the loader holds, in the order in which they were found.
public typealias LoaderRangeList = BoundedList<LoaderRange>

extension LoaderRangeList {
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
    append(LoaderRange(range: range, owner: owner))
  }

  /// Says with an error that there was no room for all ranges, and how much is needed.
  public borrowing func checkCapacity() throws(FirmwareError) {
    guard isComplete else {
      throw .loaderRangesFull(capacity: capacity, needed: neededCapacity)
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
