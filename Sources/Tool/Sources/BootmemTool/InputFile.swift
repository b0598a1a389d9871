// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay
import Foundation
import MapFiles
import MemoryReports

/// A file named on the command line.
struct InputFile {
  /// The most bytes that are read from a file: a hundred times what any firmware or kernel writes.
  static let byteLimit = 16 << 20

  /// The most bytes of a line, where a file is read line by line.
  static let lineByteLimit = 64 << 10

  /// The name as the user gave it; `-` is standard input.
  let path: String

  /// The name for messages.
  var name: String { path == "-" ? "<stdin>" : path }

  /// Whether the name refers to a directory.
  var isDirectory: Bool {
    var isDirectory: ObjCBool = false
    return unsafe path != "-"
      && FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }

  /// Reads all of the file.
  func bytes() throws(MapFileError) -> [UInt8] {
    if path == "-" {
      return try Self.contents(of: .standardInput, name: name, limit: Self.byteLimit)
    }
    guard !isDirectory else { throw MapFileError(file: path, "is a directory") }
    return try Self.contents(ofFile: path, limit: Self.byteLimit)
  }

  /// Reads the files of a directory that is a copy of `/sys/firmware/memmap`.
  func memmapFiles() throws(MapFileError) -> [(path: String, bytes: [UInt8])] {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw MapFileError(file: name, "the directory cannot be read")
    }
    var files: [(path: String, bytes: [UInt8])] = []
    for entry in entries.sorted() {
      for part in ["start", "end", "type"] {
        let file = "\(entry)/\(part)"
        // One line each; the kernel returns at most a page at a time.
        files.append((file, try Self.contents(ofFile: "\(path)/\(file)", limit: 4096)))
      }
    }
    return files
  }

  /// Reads the file as a trace, of any length.
  ///
  /// - Parameter progress: Called with the number of calls so far.
  func trace(progress: (Int) -> Void) throws(MapFileError) -> Trace {
    var reader = TraceReader()
    var trace = Trace()
    try readTrace { line throws(TraceError) in
      trace.append(try reader.read(line))
      progress(trace.operations.count)
      return reader.problem != nil
    } finish: { () throws(TraceError) in
      try reader.finish()
    }
    guard !trace.operations.isEmpty else { throw noTrace }
    trace.header = reader.header
    return trace
  }

  /// The error for a trace without calls.
  var noTrace: MapFileError { MapFileError(file: name, "no trace: there is no call in it") }

  /// Reads the lines of a trace, in no more memory than a piece of it takes.
  ///
  /// - Parameters:
  ///   - read: Called with each line, without its line end.  Returns whether the text is no trace,
  ///     unless a `trace begin` is yet to come.
  ///   - finish: Called after the last line, and when no `trace begin` has come for too long.
  func readTrace(
    _ read: (ArraySlice<UInt8>) throws(TraceError) -> Bool, finish: () throws(TraceError) -> Void
  ) throws(MapFileError) {
    func located(_ error: TraceError) -> MapFileError {
      MapFileError(file: name, line: error.line, error.message)
    }
    var skippedByteCount = 0
    try forEachLine { line throws(MapFileError) in
      do throws(TraceError) {
        skippedByteCount = try read(line) ? skippedByteCount + line.count + 1 : 0
        if skippedByteCount > Self.byteLimit { try finish() }
      } catch {
        throw located(error)
      }
    }
    do throws(TraceError) { try finish() } catch { throw located(error) }
  }

  /// Reads the file line by line, in no more memory than a piece of it takes.
  ///
  /// - Parameter body: Called with each line, without its line end.
  func forEachLine(
    _ body: (ArraySlice<UInt8>) throws(MapFileError) -> Void
  ) throws(MapFileError) {
    guard !isDirectory else { throw MapFileError(file: path, "is a directory") }
    let handle = path == "-" ? FileHandle.standardInput : try Self.open(path)
    var lineNumber = 0
    var rest: [UInt8] = []
    while let piece = try Self.read(handle, name: name) {
      var start = 0
      if lineNumber == 0, rest.isEmpty,
        let error = MapFileError(foreignText: Array(piece.prefix(64)), file: name)
      {
        throw error
      }
      while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
        lineNumber += 1
        if rest.isEmpty {
          try body(piece[start..<end])
        } else {
          rest += piece[start..<end]
          try body(rest[...])
          rest.removeAll(keepingCapacity: true)
        }
        start = end + 1
      }
      rest += piece[start...]
      guard rest.count <= Self.lineByteLimit else {
        throw MapFileError(
          file: name, line: lineNumber + 1,
          "a line of more than \(sizeText(UInt64(Self.lineByteLimit)))")
      }
    }
    if !rest.isEmpty { try body(rest[...]) }
  }

  private static func contents(
    ofFile path: String, limit: Int
  ) throws(MapFileError) -> [UInt8] {
    try contents(of: open(path), name: path, limit: limit)
  }

  private static func open(_ path: String) throws(MapFileError) -> FileHandle {
    let descriptor = unsafe Foundation.open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw MapFileError(file: path, "cannot be read: \(unsafe String(cString: strerror(errno)))")
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// The next piece of a file; nil at its end.
  private static func read(
    _ handle: FileHandle, name: String
  ) throws(MapFileError) -> [UInt8]? {
    do {
      return try handle.read(upToCount: 1 << 20).flatMap { $0.isEmpty ? nil : Array($0) }
    } catch {
      throw MapFileError(file: name, "cannot be read: \(error.localizedDescription)")
    }
  }

  /// Reads piece by piece, so that an endless file costs no more than the limit.
  private static func contents(
    of handle: FileHandle, name: String, limit: Int
  ) throws(MapFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count <= limit, let piece = try read(handle, name: name) { bytes += piece }
    guard bytes.count <= limit else {
      throw MapFileError(
        file: name, "larger than \(sizeText(UInt64(limit))), which is the most that is read")
    }
    return bytes
  }
}
