// SPDX-License-Identifier: MIT

/// The number of ranges in each list of an early allocator, as printed before the lists: where
/// fewer lines follow, the text has been cut.
struct MemblockCounts {
  /// A list, by its name in the text.
  enum List: String, CaseIterable {
    case memory, reserved
  }

  private var counts: [List: Int] = [:]

  /// The number of ranges in a list; nil where the text does not give it.
  subscript(list: List) -> Int? {
    get { counts[list] }
    set { counts[list] = newValue }
  }

  /// The notes about a text with these numbers of lines in its lists.
  func notes(memory memoryCount: Int, reserved reservedCount: Int) -> [String] {
    [(List.memory, memoryCount), (.reserved, reservedCount)].compactMap { list, lineCount in
      guard let count = counts[list], count != lineCount else { return nil }
      let name = list.rawValue
      return "\(name).cnt is \(count), and there are \(lineCount) lines of \(name)[]"
    }
  }
}
