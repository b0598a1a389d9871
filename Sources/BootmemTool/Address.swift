import ArgumentParser

/// An address on the command line: hexadecimal with `0x`, or decimal.
struct Address: ExpressibleByArgument {
  var rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init?(argument: String) {
    let value =
      argument.hasPrefix("0x")
      ? UInt64(argument.dropFirst(2), radix: 16) : UInt64(argument)
    guard let value else { return nil }
    self.init(rawValue: value)
  }

  var defaultValueDescription: String { "0x" + String(rawValue, radix: 16) }
}
