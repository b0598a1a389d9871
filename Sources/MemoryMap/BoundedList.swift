// SPDX-License-Identifier: MIT

/// A list in storage that its owner provides, for code that has no heap to grow it on.
///
/// Elements that do not fit are counted, so an incomplete list can tell that it is incomplete and
/// how much room it needs.  Elements are plain values that need no clean-up; none is ever
/// destroyed.
@safe
public struct BoundedList<Element>: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<Element>

  /// The capacity that the list needs: the number of elements appended, whether or not there was
  /// room for them.
  public private(set) var neededCapacity = 0

  /// Makes an empty list in `storage`, which must stay valid, and untouched by others, as long as
  /// the list is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<Element>) {
    unsafe self.storage = storage
  }

  /// The number of elements that the list can hold.
  public var capacity: Int { unsafe storage.count }

  /// The number of elements in the list.
  public var count: Int { min(neededCapacity, capacity) }

  /// Whether all elements that were appended are in the list.
  public var isComplete: Bool { neededCapacity <= capacity }

  /// The element at `index`, counted from 0 in the order in which they were appended.
  public package(set) subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count)
      return unsafe storage[index]
    }
    set {
      precondition(index >= 0 && index < count)
      unsafe storage[index] = newValue
    }
  }

  /// Appends an element; if there is no room, only counts it.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ element: Element) {
    if neededCapacity < capacity {
      unsafe storage.initializeElement(at: neededCapacity, to: element)
    }
    neededCapacity += 1
  }

  /// Removes the element that was appended last.
  ///
  /// - Precondition: The list is complete, and not empty.
  public mutating func removeLast() {
    keepFirst(count - 1)
  }

  /// Empties the list.
  public mutating func removeAll() {
    neededCapacity = 0
  }

  /// Keeps the first `count` elements only.
  ///
  /// - Precondition: The list is complete and has at least `count` elements.
  mutating func keepFirst(_ count: Int) {
    precondition(count >= 0 && count <= self.count && isComplete)
    neededCapacity = count
  }

  /// Sorts the elements that are in the list; the order of equal elements may change.
  ///
  /// - Complexity: O(n log n), in place.
  package mutating func sort(by isBefore: (Element, Element) -> Bool) {
    unsafe elements.heapSort(by: isBefore)
  }

  /// The elements in their present order, for a sweep over them or for sorting.
  var elements: UnsafeMutableBufferPointer<Element> {
    unsafe UnsafeMutableBufferPointer(rebasing: storage[0..<count])
  }
}
