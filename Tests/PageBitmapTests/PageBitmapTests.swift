// SPDX-License-Identifier: MIT
import BitmapTestSupport
@testable import PageBitmap
import TestSupport
import Testing

/// The bitmap alone, against the list of its runs; its levels, its laziness and its memory.
@Suite struct PageBitmapTests {
  /// A bitmap and its memory.
  private final class Bitmap {
    var tree = PageBitmap()
    let memory: GuardedMemory

    init(bitCount: UInt, firstPageNumber: UInt = 0, content: UInt8 = 0xa5) {
      let layout = BitmapLayout(bitCount: bitCount)
      memory = GuardedMemory(byteCount: UInt64(layout.byteCount), content: content)
      unsafe tree.reset(
        for: firstPageNumber..<firstPageNumber + bitCount, memory: memory.bytes.baseAddress!)
    }

    func firstFree(from start: UInt, below end: UInt) -> UInt? {
      tree.firstFree(from: start, below: end)
    }

    func firstReserved(from start: UInt, below end: UInt) -> UInt? {
      tree.firstReserved(from: start, below: end)
    }

    func isReserved(from start: UInt, to end: UInt) -> Bool {
      tree.isReserved(from: start, to: end)
    }

    func isFree(_ bit: UInt) -> Bool { tree.isFree(bit) }

    func word(_ index: UInt) -> BitmapWord { tree.word(index) }

    func firstRun(ofLength length: UInt, below end: UInt) -> UInt? {
      tree.firstRun(ofLength: length, alignedTo: 1, from: 0, below: end)
    }

    func flip(from first: UInt, through last: UInt, free: Bool) -> Bool {
      tree.flipAtCursor(from: first, through: last, free: free)
    }
  }

  private static let bitCounts: [UInt] = [
    1, 31, 32, 33, 64, 65, 1023, 1024, 1025, 4096, 4097, 1 << 15, 1 << 18, (1 << 18) + 1, 1 << 20,
    1 << 24, (1 << 24) + 1, 1 << 25, 1 << 30, (1 << 30) + 1, 1 << 36,
  ]

  // A level more only where the groups are more than the root has bits for.
  @Test func layout_hasAsFewLevelsAsThereCanBe() {
    let width = BitmapWord.bitCount
    let ofTwoLevels = width * width * width
    for (bitCount, rootLevel) in [
      (1, 2), (ofTwoLevels, 2), (ofTwoLevels + 1, 3), (ofTwoLevels * width, 3),
      (ofTwoLevels * width + 1, 4),
    ] {
      #expect(BitmapLayout(bitCount: bitCount).rootLevel == rootLevel)
    }
  }

  @Test(arguments: bitCounts)
  func newBitmap_hasNoFreePage(bitCount: UInt) {
    let bitmap = Bitmap(bitCount: bitCount)
    #expect(bitmap.tree.brokenInvariant() == nil)
    #expect(bitmap.firstFree(from: 0, below: bitCount) == nil)
    #expect(bitmap.firstReserved(from: 0, below: bitCount) == 0)
    #expect(bitmap.isReserved(from: 0, to: bitCount))
  }

  // The whole bitmap becomes free, then reserved, without its first bit, and without its last.
  @Test(arguments: bitCounts)
  func wholeBitmap_freedAndReserved(bitCount: UInt) {
    for content: UInt8 in [0, 0xff] {
      for (start, end) in [(0, bitCount), (1, bitCount), (0, bitCount - 1)]
        as [(UInt, UInt)]
      where start < end {
        let bitmap = Bitmap(bitCount: bitCount, content: content)
        bitmap.tree.set(from: start, to: end, free: true)
        #expect(bitmap.tree.brokenInvariant() == nil)
        #expect(bitmap.firstFree(from: 0, below: bitCount) == start)
        #expect(bitmap.firstReserved(from: start, below: bitCount) == (end < bitCount ? end : nil))
        #expect(
          bitmap.firstRun(ofLength: end - start, below: bitCount) == start)
        #expect(bitmap.firstRun(ofLength: end - start + 1, below: bitCount) == nil)
        bitmap.tree.set(from: start, to: end, free: false)
        #expect(bitmap.tree.brokenInvariant() == nil)
        #expect(bitmap.isReserved(from: 0, to: bitCount))
      }
    }
  }

  @Test func change_writesAGroupALevelAndNothingElse() {
    let bitCount: UInt = 1 << 30
    let bitmap = Bitmap(bitCount: bitCount, content: 0)
    // Terabytes, of which a few groups are stored: the bytes that are not 0 say which.
    bitmap.tree.set(from: 5, to: bitCount - 5, free: true)
    let words = Int(bitCount / BitmapWord.bitCount)
    let first = 1000 * words / 4096
    for index in stride(from: first, to: words - first, by: words / 64) {
      #expect(bitmap.tree.storedWord(UInt(index)) == 0)
      #expect(bitmap.word(UInt(index)) == .max)
    }
    #expect(bitmap.tree.brokenInvariant() == nil)
  }

  @Test func cursor_isAtTheEndOfTheLastChange() {
    let bitmap = Bitmap(bitCount: 10_000, firstPageNumber: 0x1_0000)
    #expect(!bitmap.tree.cursor.holds(0x1_0000))
    bitmap.tree.set(from: 10, to: 5000, free: true)
    #expect(bitmap.tree.cursor.holds(0x1_0000 + 4999))
    #expect(!bitmap.tree.cursor.holds(0x1_0000 + 10))
    bitmap.tree.seek(0x1_0000 + 10)
    let page = bitmap.tree.cursor.firstFree(from: 0x1_0000)
    #expect(page == (0x1_0000 + 10) as UInt)
    let other = bitmap.tree.cursor.firstFree(from: 0x1_0000 + 4999)
    #expect(other == nil)
    #expect(bitmap.tree.brokenInvariant() == nil)
    let first: UInt = 0x1_0000 + 12
    #expect(!bitmap.flip(from: first, through: first + 1, free: true))
    #expect(bitmap.flip(from: first, through: first + 1, free: false))
    #expect(!bitmap.flip(from: first, through: first + 2, free: false))
    // A range that ends before it begins has no page.
    #expect(!bitmap.flip(from: first + 1, through: first, free: true))
    #expect(bitmap.firstReserved(from: 10, below: 5000) == 12)
    #expect(bitmap.tree.brokenInvariant() == nil)
  }

  // Whatever is broken, the check finds it: or it would prove nothing.
  @Test func invariantCheck_findsWhatIsBroken() {
    let bitmap = Bitmap(bitCount: 1 << 20)
    bitmap.tree.set(from: 100, to: 5000, free: true)
    bitmap.tree.set(from: 1 << 19, to: (1 << 19) + 7, free: true)
    #expect(bitmap.tree.brokenInvariant() == nil)
    let intact = bitmap.tree
    for index in [100 / BitmapWord.bitCount, 4999 / BitmapWord.bitCount] {
      let word = intact.storedWord(index)
      intact.storeWord(index, ~0)
      #expect(intact.brokenInvariant() != nil)
      intact.storeWord(index, word)
    }
    for level in 1...intact.rootLevel {
      let planes = intact.planes(ofGroup: 0, onLevel: level)
      for bit in 0..<BitmapWord.bitCount {
        if planes.mixed.isOne(at: bit) {
          // What is clustered is told to be scattered, and the other way round.
          var broken = planes
          broken.low ^= .one(at: bit)
          broken.high ^= .one(at: bit)
          intact.store(broken, inGroup: 0, onLevel: level)
          #expect(intact.brokenInvariant() != nil, "level \(level), child \(bit)")
        }
        if level > 1 {
          var broken = planes
          broken.word ^= .one(at: bit)
          intact.store(broken, inGroup: 0, onLevel: level)
          #expect(intact.brokenInvariant() != nil, "level \(level), child \(bit), words")
        }
        intact.store(planes, inGroup: 0, onLevel: level)
      }
    }
    // A group right below the root is valid, even where the root says that no page is free there.
    let group = intact.planes(ofGroup: 1, onLevel: intact.rootLevel - 1)
    intact.fillGroup(1, onLevel: intact.rootLevel - 1, with: .max)
    #expect(intact.brokenInvariant() != nil)
    intact.store(group, inGroup: 1, onLevel: intact.rootLevel - 1)
    #expect(intact.brokenInvariant() == nil)
    var lost = intact
    lost.cursor.state = .clustered
    #expect(lost.brokenInvariant() != nil)
  }

  @Test(.namingSeed, arguments: bitCounts)
  func randomChanges_equalRuns(bitCount: UInt) {
    var random = SplitMix(stream: UInt64(bitCount))
    let first = UInt(random.next() % 1000) * BitmapWord.bitCount
    let bitmap = Bitmap(bitCount: bitCount, firstPageNumber: first)
    var runs = FreeRuns()
    var near: UInt = 0
    for index in 0..<2000 {
      var start = UInt(random.next() % UInt64(bitCount))
      if random.oneIn(2) { start = min(near + UInt(random.next() % 70), bitCount - 1) }
      let length = UInt(random.number(upToBits: random.oneIn(2) ? 7 : 37))
      let end = start + min(length, bitCount - start)
      guard start < end else { continue }
      near = random.oneIn(2) ? start : end
      let range = Int(start)..<Int(end)
      let free = random.oneIn(2)
      let isOpposite = runs.first(free: free, in: range) == nil
      if start / BitmapWord.bitCount == (end - 1) / BitmapWord.bitCount, random.oneIn(2) {
        bitmap.tree.seek(start + first)
        #expect(
          bitmap.flip(from: start + first, through: end - 1 + first, free: free)
            == isOpposite)
        if isOpposite { runs.set(range, free: free) }
      } else {
        bitmap.tree.set(from: start, to: end, free: free)
        runs.set(range, free: free)
      }
      let from = UInt(random.next() % UInt64(bitCount))
      let whole = Int(from)..<Int(bitCount)
      let isSame =
        bitmap.firstFree(from: from, below: bitCount).map { Int($0) }
        == runs.first(free: true, in: whole)
        && bitmap.firstReserved(from: from, below: bitCount).map { Int($0) }
          == runs.first(free: false, in: whole)
        && bitmap.isReserved(from: start, to: end)
          == (runs.first(free: true, in: range) == nil)
        && bitmap.isFree(from) == runs.isFree(Int(from))
      let broken = index % 16 == 0 ? bitmap.tree.brokenInvariant() : nil
      #expect(isSame && broken == nil, "step \(index), \(range), free \(free): \(broken ?? "")")
      if !isSame || broken != nil { return }
    }
  }
}
