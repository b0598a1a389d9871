// SPDX-License-Identifier: MIT

/// Why a file could not be read, and where.
public struct MapFileError: Error, Equatable, CustomStringConvertible, Sendable {
  /// The name of the file as the user gave it.
  public var file: String

  /// The number of the line, from 1; nil for an error in the file as a whole.
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

extension MapFileError {
  /// The error for a text that begins with a byte order mark, or is UTF-16; nil for any other file.
  public init?(foreignText bytes: [UInt8], file: String) {
    let start = bytes.prefix(64)
    // Letters and digits in UTF-16 have a zero in every second byte.
    let zeros = start.indices.filter { start[$0] == 0 }
    let isHalfZero = !zeros.isEmpty && zeros.count * 2 >= start.count - 1
    if start.starts(with: [0xef, 0xbb, 0xbf]) {
      self.init(file: file, line: 1, "a byte order mark: save the text as UTF-8 without one")
    } else if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff])
      || isHalfZero && (zeros.allSatisfy { $0 % 2 == 0 } || zeros.allSatisfy { $0 % 2 == 1 })
    {
      self.init(file: file, "UTF-16, not UTF-8: convert it, as by iconv -f UTF-16 -t UTF-8")
    } else {
      return nil
    }
  }
}
