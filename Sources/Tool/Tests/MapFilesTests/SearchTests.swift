// SPDX-License-Identifier: MIT
import MapFiles
import Testing

@Suite struct SearchTests {
  @Test(arguments: [
    ("abc", "a", 0), ("abc", "c", 2), ("aaab", "aab", 1), ("ab", "abc", nil), ("", "a", nil),
    ("abc", "", 0), ("xéy", "y", 3), ("aabaab", "ab", 1), ("ab", "ba", nil),
  ])
  func place_isTheFirstOneByteForByte(text: String, sought: String, offset: Int?) {
    // A part of a text, whose indices do not begin at 0.
    let part = "ab\(text)".dropFirst(2)
    let place = part.place(of: sought)
    #expect(place.map { part.utf8.distance(from: part.startIndex, to: $0.lowerBound) } == offset)
    #expect(place.map { part[$0] == sought } ?? true)
    #expect(part.has(sought) == (offset != nil))
    #expect(text.has(sought) == (offset != nil))
  }
}
