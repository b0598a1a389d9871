import ArgumentParser
import Foundation
import MapFiles

/// What goes to standard error, a message a line.
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
