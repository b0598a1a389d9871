import BootMemoryTrace
import MapFiles

extension InputFile {
  /// Reads the file as a trace.
  func trace() throws(MapFileError) -> Trace {
    let text = String(decoding: try bytes(), as: UTF8.self)
    do {
      let trace = try Trace(parsing: text)
      guard !trace.operations.isEmpty else {
        throw MapFileError(file: name, line: 1, "no trace: there is no call in it")
      }
      return trace
    } catch let error as TraceError {
      throw MapFileError(file: name, line: error.line, error.message)
    } catch let error as MapFileError {
      throw error
    } catch {
      throw MapFileError(file: name, "\(error)")
    }
  }
}
