import Foundation

/// The terminal that a stream leads to, or that it does not.
struct Terminal {
  /// Whether there is one.
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

  /// Whether colours are welcome there (see no-color.org).
  var isColoured: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isTerminal && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }
}
