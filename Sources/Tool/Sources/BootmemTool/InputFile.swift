import Foundation
import MapFiles

/// A file named on the command line.
struct InputFile {
  /// The name as the user gave it; `-` is standard input.
  let path: String

  /// The name for messages.
  var name: String { path == "-" ? "<stdin>" : path }

  /// Reads all of the file.
  ///
  /// A directory is taken for a copy of `/sys/firmware/memmap`: what is in its files is told as
  /// lines of `FILE:TEXT`.
  func bytes() throws(MapFileError) -> [UInt8] {
    if path == "-" { return try Self.contents(of: .standardInput, name: name) }
    var isDirectory: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    {
      return try memmapLines()
    }
    return try Self.contents(ofFile: path)
  }

  private func memmapLines() throws(MapFileError) -> [UInt8] {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw MapFileError(file: name, "the directory cannot be read")
    }
    var text: [UInt8] = []
    for entry in entries.sorted() {
      for part in ["start", "end", "type"] {
        text += Array("\(entry)/\(part):".utf8)
        text += try Self.contents(ofFile: "\(path)/\(entry)/\(part)")
        if text.last != 0x0a { text.append(0x0a) }
      }
    }
    return text
  }

  private static func contents(ofFile path: String) throws(MapFileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw MapFileError(file: path, "cannot be read: \(unsafe String(cString: strerror(errno)))")
    }
    return try contents(
      of: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), name: path)
  }

  private static func contents(
    of handle: FileHandle, name: String
  ) throws(MapFileError) -> [UInt8] {
    do {
      return Array(try handle.readToEnd() ?? Data())
    } catch {
      throw MapFileError(file: name, "cannot be read: \(error.localizedDescription)")
    }
  }
}
