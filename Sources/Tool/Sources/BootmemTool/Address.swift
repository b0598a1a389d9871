// SPDX-License-Identifier: MIT
import ArgumentParser
import PhysicalMemory

/// An address or a size on the command line: hexadecimal with `0x`, or decimal; a suffix K, M, G or
/// T stands for the power of 1024.
struct Address: ExpressibleByArgument {
  var rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init?(argument: String) {
    var digits = Substring(argument)
    var shift: UInt64 = 0
    if let unit = digits.last, let index = "kmgt".firstIndex(of: Character(unit.lowercased())) {
      shift = UInt64("kmgt".distance(from: "kmgt".startIndex, to: index) + 1) * 10
      digits = digits.dropLast()
    }
    let value =
      digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
    guard let value, value <= UInt64.max >> shift else { return nil }
    self.init(rawValue: value << shift)
  }

  var defaultValueDescription: String { "0x" + String(rawValue, radix: 16) }
}

/// A range on the command line: `START:SIZE`.
struct RangeArgument: ExpressibleByArgument {
  var range: AddressRange

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let start = Address(argument: String(parts[0])),
      let size = Address(argument: String(parts[1])),
      let range = AddressRange(
        start: PhysicalAddress(start.rawValue), byteCount: size.rawValue)
    else { return nil }
    self.range = range
  }
}
