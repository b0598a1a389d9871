// SPDX-License-Identifier: MIT

/// How many ranges the lists of an early allocator have, as it says before it prints them: where fewer
/// lines follow, the text is cut.
struct MemblockCounts {
  /// A list, by its name in the text.
  enum List: String, CaseIterable {
    case memory, reserved
  }

  private var counts: [List: Int] = [:]

  /// The number of ranges in a list; nil where the text does not say it.
  subscript(list: List) -> Int? {
    get { counts[list] }
    set { counts[list] = newValue }
  }

  /// The note about a text that has so many lines of each list.
  func notes(memory memoryCount: Int, reserved reservedCount: Int) -> [String] {
    [(List.memory, memoryCount), (.reserved, reservedCount)].compactMap { list, lineCount in
      guard let count = counts[list], count != lineCount else { return nil }
      let name = list.rawValue
      return "\(name).cnt is \(count), and there are \(lineCount) lines of \(name)[]"
    }
  }
}
