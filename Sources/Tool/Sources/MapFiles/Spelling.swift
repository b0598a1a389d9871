// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap

extension MemoryKind {
  /// All kinds, in the order of their numbers.
  public static let all: [MemoryKind] =
    [
      .usable, .softReserved, .acpiReclaimable, .persistent, .acpiNonVolatile, .reserved, .unusable,
      .noMap,
    ]

  /// The kinds as the tables here spell them, for messages.
  static var spellings: String { all.map { "\($0.name)" }.joined(separator: ", ") }

  /// The kind that a text stands for, in any of the spellings of Linux's messages, its files and
  /// the tables here; nil for a text that is none of them.
  ///
  /// Case, spaces and punctuation do not count: `ACPI data` and `acpi_data` are one.  `type 20` is
  /// an e820 number without a name.
  public init?(spelling: some StringProtocol) {
    let letters = lettersAndDigits(of: spelling)
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
      guard let marker = letters[...].place(of: "type"),
        ["", "persistent"].contains(letters[..<marker.lowerBound]),
        let type = UInt32(letters[marker.upperBound...])
      else { return nil }
      self = E820.kind(ofType: type)
    }
  }
}

/// How texts spell a descriptor of EFI's memory map: the names of its type and attributes.
enum EFISpelling {
  /// The names of the types in the order of their numbers, from 0.
  ///
  /// Source: UEFI specification 2.10, section 7.2.1, `EFI_MEMORY_TYPE`, in Linux's words.
  private static let typeNames = [
    "Reserved", "Loader Code", "Loader Data", "Boot Code", "Boot Data", "Runtime Code",
    "Runtime Data", "Conventional", "Unusable", "ACPI Reclaim", "ACPI Mem NVS", "MMIO",
    "MMIO Port", "PAL Code", "Persistent", "Unaccepted",
  ]

  /// Other names of the types, without spaces.
  private static let otherNames: [String: UInt32] = [
    "acpinvs": 10, "acpimemorynvs": 10, "memorymappedio": 11, "memorymappedioportspace": 12,
    // The UEFI Shell's.
    "bscode": 3, "bsdata": 4, "rtcode": 5, "rtdata": 6, "available": 7, "acpirecl": 9,
    "memmapio": 11, "memportio": 12,
  ]

  private static let typesByName = Dictionary(
    uniqueKeysWithValues: typeNames.enumerated().map {
      (lettersAndDigits(of: $0.element), UInt32($0.offset))
    })

  /// The names of the types, one word each, for messages.
  static var spellings: String {
    typeNames.map { $0.split(separator: " ").joined(separator: "_") }.joined(separator: ", ")
  }

  /// The number of an EFI memory type; nil for a text that does not name one.
  static func type(named name: some StringProtocol) -> UInt32? {
    let letters = lettersAndDigits(of: name)
    if let type = typesByName[letters] ?? otherNames[letters] { return type }
    if letters.hasSuffix("memory"), let type = typesByName[String(letters.dropLast(6))] {
      return type
    }
    return letters.hasPrefix("type") ? UInt32(letters.dropFirst(4)) : nil
  }

  /// The attributes, given as a number in lower-case hexadecimal digits or as a comma-separated
  /// list of names.
  static func attributes(_ text: Substring) -> UInt64 {
    if text.allSatisfy({ $0.isHexDigit && !$0.isUppercase }), let value = UInt64(text, radix: 16) {
      return value
    }
    return attributes(named: text.split(separator: ","))
  }

  /// The attributes that decide the kind of memory, from a list of names.
  static func attributes(named names: [Substring]) -> UInt64 {
    var attributes: UInt64 = 0
    if names.contains("WB") { attributes |= EFIMemoryDescriptor.writeBack }
    if names.contains("SP") { attributes |= EFIMemoryDescriptor.specificPurpose }
    return attributes
  }

  /// The kind of the memory, once EFI's boot services have ended.
  static func kind(ofType type: UInt32, attributes: UInt64) -> MemoryKind {
    EFIMemoryDescriptor(type: type, start: 0, pageCount: 0, attributes: attributes)
      .kind(hasBootServices: false)
  }
}

/// The part of a text by which names are compared: its letters in lower case, and its digits.
private func lettersAndDigits(of text: some StringProtocol) -> String {
  String(text.lowercased().filter { $0.isLetter || $0.isNumber })
}
