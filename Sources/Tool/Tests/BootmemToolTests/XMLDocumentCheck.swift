// SPDX-License-Identifier: MIT

/// Checks whether a text is well-formed XML, as far as the tool writes it: elements, attributes in
/// double quotes, the five entities.
enum XMLDocumentCheck {
  static func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    var rest = Substring(text)
    var hasRoot = false
    while let start = rest.firstIndex(of: "<") {
      guard areEntities(rest[..<start]) else { return false }
      if open.isEmpty && !rest[..<start].allSatisfy(\.isWhitespace) { return false }
      guard let end = rest[start...].firstIndex(of: ">") else { return false }
      var tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("!DOCTYPE") { continue }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return false }
        continue
      }
      if open.isEmpty {
        guard !hasRoot else { return false }
        hasRoot = true
      }
      let isClosed = tag.hasSuffix("/")
      if isClosed { tag = tag.dropLast() }
      guard areEntities(tag), !tag.contains("<"), tag.filter({ $0 == "\"" }).count % 2 == 0,
        let name = tag.split(separator: " ").first
      else { return false }
      if !isClosed { open.append(name) }
    }
    return hasRoot && open.isEmpty && rest.allSatisfy(\.isWhitespace)
  }

  private static func areEntities(_ text: Substring) -> Bool {
    text.split(separator: "&", omittingEmptySubsequences: false).dropFirst().allSatisfy { part in
      ["amp;", "lt;", "gt;", "quot;", "apos;"].contains { part.hasPrefix($0) }
    }
  }
}
