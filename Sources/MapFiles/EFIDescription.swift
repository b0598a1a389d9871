import Firmware
import MemoryMap

/// A descriptor of EFI's memory map as texts tell it: names of type and attributes.
enum EFIDescription {
  /// The number of a type of EFI memory; nil for a text that is no name of one.
  ///
  /// Source: UEFI specification 2.10, section 7.2.1, `EFI_MEMORY_TYPE`, in Linux's words.
  static func type(named name: some StringProtocol) -> UInt32? {
    switch String(name.lowercased().filter { $0.isLetter || $0.isNumber }) {
    case "reserved": 0
    case "loadercode": 1
    case "loaderdata": 2
    case "bootcode": 3
    case "bootdata": 4
    case "runtimecode": 5
    case "runtimedata": 6
    case "conventional", "conventionalmemory": 7
    case "unusable", "unusablememory": 8
    case "acpireclaim", "acpireclaimmemory": 9
    case "acpinvs", "acpimemnvs", "acpimemorynvs": 10
    case "mmio", "memorymappedio": 11
    case "mmioport", "memorymappedioportspace": 12
    case "palcode": 13
    case "persistent", "persistentmemory": 14
    case "unaccepted", "unacceptedmemory": 15
    case let other: other.hasPrefix("type") ? UInt32(other.dropFirst(4)) : nil
    }
  }

  /// The attributes as a number of lower-case hexadecimal digits, or a list of names with commas.
  static func attributes(_ text: Substring) -> UInt64 {
    if text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }), let value = UInt64(text, radix: 16) {
      return value
    }
    return attributes(named: text.split(separator: ","))
  }

  /// The attributes that decide what memory is good for, from a list of names.
  static func attributes(named names: [Substring]) -> UInt64 {
    var attributes: UInt64 = 0
    if names.contains("WB") { attributes |= EFIMemoryDescriptor.writeBack }
    if names.contains("SP") { attributes |= EFIMemoryDescriptor.specificPurpose }
    return attributes
  }

  /// What the memory is good for, once EFI's boot services have ended.
  static func kind(ofType type: UInt32, attributes: UInt64) -> MemoryKind {
    EFIMemoryDescriptor(type: type, start: 0, pageCount: 0, attributes: attributes)
      .kind(hasBootServices: false)
  }
}
