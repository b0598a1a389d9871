// SPDX-License-Identifier: MIT

extension Trace {
  /// Reads a trace, as ``TraceReader`` does.
  ///
  /// - Throws: An error for the first line that is neither header nor call, with its number.
  public init(parsing text: String) throws(TraceError) {
    try self.init(parsing: text.utf8)
  }

  /// Reads a trace from the bytes of a text, as ``TraceReader`` does.
  ///
  /// - Throws: An error for the first line that is neither header nor call, with its number.
  public init(parsing bytes: some Collection<UInt8>) throws(TraceError) {
    self.init()
    var reader = TraceReader()
    var rest = bytes[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest[line.endIndex...].dropFirst()
      append(try reader.read(line))
    }
    try reader.finish()
    header = reader.header
  }
}
