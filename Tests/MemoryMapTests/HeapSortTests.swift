// SPDX-License-Identifier: MIT
import MemoryMap
import TestSupport
import Testing

@Suite struct HeapSortTests {
  /// Sorts `values`; the number of comparisons that it took.
  private func sort(_ values: inout [Int]) -> Int {
    var comparisonCount = 0
    unsafe values.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.heapSort {
        comparisonCount += 1
        return $0 < $1
      }
    }
    return comparisonCount
  }

  @Test(.namingSeed) func heapSort_ordersEverySmallInput() {
    var generator = SplitMix(stream: 1)
    for count in 0...6 {
      var permutation = Array(0..<count)
      for _ in 0..<200 {
        permutation.shuffle(using: &generator)
        var sorted = permutation
        _ = sort(&sorted)
        #expect(sorted == Array(0..<count))
      }
    }
    var equal = [3, 1, 3, 1, 3]
    _ = sort(&equal)
    #expect(equal == [1, 1, 3, 3, 3])
  }

  // No order of the input makes it slow: at most 2 n log2 n comparisons, and a few.
  @Test(.namingSeed) func heapSort_costsNLogNInEveryOrder() {
    let count = 4096
    var generator = SplitMix(stream: 2)
    for input in [
      Array(0..<count), Array((0..<count).reversed()), Array(repeating: 7, count: count),
      (0..<count).map { $0 % 2 == 0 ? $0 : count - $0 }, (0..<count).shuffled(using: &generator),
    ] {
      var sorted = input
      let comparisonCount = sort(&sorted)
      #expect(sorted == input.sorted())
      #expect(comparisonCount <= 2 * count * 12 + 2 * count)
    }
  }
}
