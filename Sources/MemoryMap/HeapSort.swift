import PhysicalMemory

extension UnsafeMutableBufferPointer<MemoryRegion> {
  /// Sorts by start in place; the order of regions with one start is not kept.
  ///
  /// A heap sort because it needs neither heap memory nor recursion, and no order of the input makes
  /// it slow.
  ///
  /// - Complexity: O(n log n).
  func heapSort() {
    guard count > 1 else { return }
    for root in stride(from: count / 2 - 1, through: 0, by: -1) {
      unsafe siftDown(from: root, count: count)
    }
    for end in stride(from: count - 1, to: 0, by: -1) {
      unsafe swapAt(0, end)
      unsafe siftDown(from: 0, count: end)
    }
  }

  /// Restores the heap of the first `count` elements whose `start` may be smaller than a child.
  private func siftDown(from start: Int, count: Int) {
    var root = start
    // Indices are below `count`, which is the count of elements that take 24 bytes each.
    while 2 &* root &+ 1 < count {
      var child = 2 &* root &+ 1
      if child + 1 < count, unsafe self[child].range.start < self[child + 1].range.start {
        child += 1
      }
      guard unsafe self[root].range.start < self[child].range.start else { return }
      unsafe swapAt(root, child)
      root = child
    }
  }
}
