import Firmware
import MemoryMap

extension MemoryKind {
  /// The kind that a text stands for, in any of the spellings of Linux's messages, its files and the
  /// tables here; nil for a text that is none of them.
  ///
  /// Case, spaces and punctuation do not count: `ACPI data` and `acpi_data` are one.  `type 20` is
  /// a number of e820 without a name.
  public init?(spelling: some StringProtocol) {
    let letters = String(spelling.lowercased().filter { $0.isLetter || $0.isNumber })
    switch letters {
    case "usable", "systemram": self = .usable
    case "softreserved": self = .softReserved
    case "acpidata", "acpitables", "acpireclaimable": self = .acpiReclaimable
    case "persistent", "persistentmemory", "persistentmemorylegacy": self = .persistent
    case "acpinvs", "acpinonvolatilestorage": self = .acpiNonVolatile
    case "reserved", "devicereserved", "unknowne820type": self = .reserved
    case "unusable", "unusablememory": self = .unusable
    case "nomap": self = .noMap
    default:
      guard let marker = letters.firstRange(of: "type"),
        ["", "persistent"].contains(letters[..<marker.lowerBound]),
        let type = UInt32(letters[marker.upperBound...])
      else { return nil }
      self = E820.kind(ofType: type)
    }
  }
}
