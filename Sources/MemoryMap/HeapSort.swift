// SPDX-License-Identifier: MIT
extension UnsafeMutableBufferPointer {
  /// Sorts in place; the order of equal elements may change.
  ///
  /// A heap sort needs neither heap memory nor recursion, and no input order makes it slow.
  ///
  /// - Complexity: O(n log n).
  @inline(never)
  package func heapSort(by isBefore: (Element, Element) -> Bool) {
    guard count > 1 else { return }
    for root in stride(from: count / 2 - 1, through: 0, by: -1) {
      unsafe siftDown(from: root, count: count, by: isBefore)
    }
    for end in stride(from: count - 1, to: 0, by: -1) {
      unsafe swapAt(0, end)
      unsafe siftDown(from: 0, count: end, by: isBefore)
    }
  }

  /// Restores the heap order of the first `count` elements when the one at `start` may violate it.
  private func siftDown(
    from start: Int, count: Int, by isBefore: (Element, Element) -> Bool
  ) {
    var root = start
    // An index is below the count of elements of several bytes each, so twice the index fits.
    while 2 &* root &+ 1 < count {
      var child = 2 &* root &+ 1
      if child + 1 < count, unsafe isBefore(self[child], self[child + 1]) { child += 1 }
      guard unsafe isBefore(self[root], self[child]) else { return }
      unsafe swapAt(root, child)
      root = child
    }
  }
}
