// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TraceReplay

/// Calls that are made on the page's behalf.
extension Session {
  /// The most calls that are made for one request.
  private static let loadLimit = 2000

  /// Allocates all that is free, the largest pieces first.
  func fill() throws(Refusal) {
    guard !replayer.memory.isHandedOver else {
      throw Refusal("boot memory has been handed over")
    }
    var byteCount: UInt64 = 1 << 44
    var count = 0
    while byteCount >= PageFrame.byteCount, count < Self.loadLimit {
      let free = freePageCount
      if free == 0 { return }
      if byteCount > free << PageFrame.byteCountShift {
        byteCount >>= 1
        continue
      }
      try add("alloc_nopanic \(String(byteCount, radix: 16)) 1000 0", note: "fill")
      count += 1
      if steps[position - 1].result == "NULL" {
        // A call that came to nothing is not part of the session.
        removeLast()
        byteCount >>= 1
      }
    }
  }

  /// Makes calls as a starting kernel does: small and large allocations, and some frees of what was
  /// allocated.
  func addRandomCalls(seed: UInt64, count: Int) throws(Refusal) {
    guard !replayer.memory.isHandedOver else {
      throw Refusal("boot memory has been handed over")
    }
    // xorshift64, whose state is never 0.
    var state = seed | 1
    func next(_ bound: UInt64) -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state % bound
    }
    var taken: [(address: UInt64, byteCount: UInt64)] = []
    for _ in 0..<min(count, Self.loadLimit) {
      if next(4) == 0, !taken.isEmpty {
        let piece = taken.remove(at: Int(next(UInt64(taken.count))))
        try add("free \(String(piece.address, radix: 16)) \(String(piece.byteCount, radix: 16))")
        continue
      }
      let isPages = next(2) == 0
      let byteCount = isPages ? PageFrame.byteCount << next(6) : 16 + next(6000)
      let alignment = isPages ? PageFrame.byteCount << next(3) : 64
      let goal: UInt64 = next(4) == 0 ? 0 : 0x100_0000
      let arguments = [byteCount, alignment, goal].map { String($0, radix: 16) }
      try add("alloc_nopanic " + arguments.joined(separator: " "))
      if isPages, let result = steps[position - 1].result,
        let address = UInt64(result, radix: 16)
      {
        taken.append((address, byteCount))
      }
    }
  }
}
