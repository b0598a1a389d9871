// SPDX-License-Identifier: MIT

/// Substring search, which the library of Embedded Swift does not have.
extension Substring {
  /// Where `text` first occurs, byte for byte; nil if it does not.
  ///
  /// - Complexity: O(the product of both lengths), mostly O(this length).
  package func place(of text: String) -> Range<Index>? {
    let bytes = text.utf8
    guard let first = bytes.first else { return startIndex..<startIndex }
    var rest = utf8[...]
    while let start = rest.firstIndex(of: first) {
      rest = rest[start...]
      if rest.starts(with: bytes) {
        return start..<rest.index(start, offsetBy: bytes.count)
      }
      rest = rest.dropFirst()
    }
    return nil
  }

  /// Whether this text contains `text`.
  package func has(_ text: String) -> Bool { place(of: text) != nil }
}

extension String {
  /// Whether this text contains `text`.
  package func has(_ text: String) -> Bool { self[...].has(text) }
}
