// SPDX-License-Identifier: MIT
import Foundation
import MapFiles

/// The terminal that a stream may lead to.
struct Terminal {
  /// Whether the stream leads to a terminal.
  let isTerminal: Bool

  /// The number of columns; 80 where it is not known.
  let columnCount: Int

  static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
  static let standardError = Terminal(descriptor: STDERR_FILENO)

  private init(descriptor: Int32) {
    isTerminal = isatty(descriptor) == 1
    var size = winsize()
    let request = UInt(TIOCGWINSZ)
    let isKnown = unsafe isTerminal && ioctl(descriptor, request, &size) == 0
    columnCount = isKnown && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whether colours are wanted there (see no-color.org).
  var isColoured: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isTerminal && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }
}

/// A line on the terminal that shows the progress of a long job; nothing in its first second, and
/// nothing where standard error is not a terminal.
struct Progress {
  private let isTerminal = Terminal.standardError.isTerminal
  private let title: String
  private let count: Int?
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant
  private var isShown = false

  /// Begins a job of `count` steps; nil where the number is unknown.
  init(_ title: String, count: Int? = nil) {
    self.title = title
    self.count = count
    lastShown = start
  }

  /// Shows that `done` of all steps are done.
  mutating func advance(to done: Int) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    guard now - start > .seconds(1),
      now - lastShown > .milliseconds(200)
    else { return }
    lastShown = now
    isShown = true
    let share = count.map { " of \($0), \(done * 100 / max($0, 1)) %" } ?? ""
    write("\r\u{1b}[K\(title): \(done)\(share)")
  }

  /// Removes the line.
  mutating func finish() {
    if isShown { write("\r\u{1b}[K") }
    isShown = false
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}

/// Messages on standard error, one a line.
enum Report {
  static func error(_ error: MapFileError) {
    line(error.description)
  }

  static func line(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }
}

/// What goes to standard output.
enum Output {
  static func write(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
