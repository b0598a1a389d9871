import PhysicalMemory
import TextOutput

/// A range of memory and who holds it.
public struct OwnedRange: Hashable, Sendable {
  /// The bytes.  Every page that they touch is held.
  public let range: AddressRange

  /// Who holds them.
  public let owner: MemoryOwner

  /// Makes a range with its owner.
  public init(range: AddressRange, owner: MemoryOwner) {
    self.range = range
    self.owner = owner
  }

  /// Writes `START-LAST OWNER`, addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    sink.write(hexadecimal: range.start.rawValue, minimumDigitCount: 16)
    sink.write("-")
    if let last = range.last {
      sink.write(hexadecimal: last.rawValue, minimumDigitCount: 16)
    } else {
      sink.write("................")
    }
    sink.write(" ")
    owner.write(to: &sink)
  }
}
