/// Why a file could not be read, and where.
public struct MapFileError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The name of the file as the user gave it.
  public var file: String

  /// The number of the line, from 1; nil where the file as a whole is meant.
  public var line: Int?

  /// What is wrong there.
  public var message: String

  /// Makes an error.
  public init(file: String, line: Int? = nil, _ message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  /// `FILE:LINE: error: MESSAGE`, the form that editors and build tools know.
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return "\(place): error: \(message)"
  }
}

/// What is wrong with a line, before it is known which file it is in.
struct LineError: Error {
  var line: Int
  var message: String

  init(_ line: Int, _ message: String) {
    self.line = line
    self.message = message
  }
}
