import Foundation

/// A line on the terminal that says how far a long job is; nothing in its first second, and nothing
/// where standard error is no terminal.
struct Progress {
  private let title: String
  private let count: Int
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant
  private var isShown = false

  init(_ title: String, count: Int) {
    self.title = title
    self.count = count
    lastShown = start
  }

  /// Tells that `done` of all steps are done.
  mutating func advance(to done: Int) {
    let now = ContinuousClock.now
    guard Terminal.standardError.isTerminal, now - start > .seconds(1),
      now - lastShown > .milliseconds(200)
    else { return }
    lastShown = now
    isShown = true
    write("\r\u{1b}[K\(title): \(done) of \(count), \(done * 100 / max(count, 1)) %")
  }

  /// Takes the line away.
  mutating func finish() {
    if isShown { write("\r\u{1b}[K") }
    isShown = false
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
