// SPDX-License-Identifier: MIT
import FuzzKit
import MemoryMap
import Oracle
import PhysicalMemory

/// What the oracle, which has nothing of the readers, makes of an input.
struct OracleMap {
  /// Decodes memory into the map.
  typealias Decoder = (UnsafePointer<oracle_memory>, UnsafeMutablePointer<oracle_map>) -> Void

  /// A range; both ends are included.
  struct Element: Equatable {
    var bounds: ClosedRange<UInt64>
    /// An `oracle_kind`, or a node.
    var value: UInt32
  }

  /// The ranges that are not empty, in the order of the input.
  let elements: [Element]

  /// Whether there is not even an empty range.
  let isEmpty: Bool

  init(of memory: InputMemory, by decode: Decoder) {
    let storage = unsafe Storage.shared.oracle
    var map = unsafe oracle_map(
      ranges: storage.baseAddress, capacity: storage.count, count: 0)
    unsafe memory.withOracleMemory { memory in
      unsafe withUnsafeMutablePointer(to: &map) { unsafe decode(memory, $0) }
    }
    let count = unsafe map.count
    judge(count <= storage.count, "the oracle has \(count) ranges")
    isEmpty = count == 0
    elements = unsafe storage[..<count].filter { !$0.is_empty }.map {
      Element(bounds: $0.first...$0.last, value: $0.kind)
    }
  }

  /// The regions of the memory map.
  var regions: [MemoryRegion] {
    elements.compactMap { element in
      let kind: MemoryKind
      switch oracle_kind(element.value) {
      case ORACLE_USABLE: kind = .usable
      case ORACLE_SOFT_RESERVED: kind = .softReserved
      case ORACLE_ACPI_RECLAIMABLE: kind = .acpiReclaimable
      case ORACLE_PERSISTENT: kind = .persistent
      case ORACLE_ACPI_NVS: kind = .acpiNonVolatile
      case ORACLE_RESERVED: kind = .reserved
      case ORACLE_UNUSABLE: kind = .unusable
      case ORACLE_NO_MAP: kind = .noMap
      default: return nil
      }
      let first = PhysicalAddress(element.bounds.lowerBound)
      let last = PhysicalAddress(element.bounds.upperBound)
      return MemoryRegion(range: AddressRange(first: first, last: last)!, kind: kind)
    }
  }

  /// Judges that regions of a reader say the same of every byte; where ranges overlap, the less
  /// usable kind counts.
  func judgeRegions(_ regions: [MemoryRegion]) {
    let found = regions.compactMap { region in
      region.range.last.map {
        Element(
          bounds: region.range.start.rawValue...$0.rawValue, value: Self.value(of: region.kind))
      }
    }
    Self.judgeEqual(
      found, elements.filter { $0.value != ORACLE_HELD.rawValue }, "the kind of memory")
  }

  /// Judges that the same bytes are reserved by a device tree.
  func judgeReservations(_ ranges: [AddressRange]) {
    let found = ranges.compactMap { range in
      range.last.map { Element(bounds: range.start.rawValue...$0.rawValue, value: 0) }
    }
    let held = elements.filter { $0.value == ORACLE_HELD.rawValue }
    Self.judgeEqual(found, held.map { Element(bounds: $0.bounds, value: 0) }, "a reservation")
  }

  /// Judges that all bytes of the oracle's are held, and that the modules are the same in the same order.
  func judgeHolders(_ ranges: borrowing OwnedRangeList) {
    var modules: [ClosedRange<UInt64>] = []
    var held: [ClosedRange<UInt64>] = []
    for index in 0..<ranges.count {
      guard let last = ranges[index].range.last else { continue }
      let bounds = ranges[index].range.start.rawValue...last.rawValue
      held.append(bounds)
      if case .loader(.module) = ranges[index].owner { modules.append(bounds) }
    }
    let expected = elements.filter { $0.value == ORACLE_MODULE.rawValue }.map(\.bounds)
    judge(modules == expected, "the modules are \(modules), by the oracle \(expected)")
    held.sort { $0.lowerBound < $1.lowerBound }
    for element in elements {
      var place: UInt64? = element.bounds.lowerBound
      for range in held {
        if let next = place, range.contains(next) {
          place = range.upperBound == .max ? nil : range.upperBound + 1
        }
      }
      judge(
        place.map { $0 > element.bounds.upperBound } ?? true,
        "\(element) is nobody's from \(place as Any) on")
    }
  }

  /// Judges that the same ranges belong to the same nodes.
  func judgeNodes(_ affinities: borrowing MemoryAffinityList) {
    judge(
      affinities.count == elements.count,
      "\(affinities.count) ranges of nodes, but \(elements.count) by the oracle")
    for (index, element) in elements.enumerated() {
      let affinity = affinities[index]
      judge(
        affinity.range.start.rawValue == element.bounds.lowerBound
          && affinity.range.last?.rawValue == element.bounds.upperBound
          && affinity.node.rawValue == Int(element.value),
        "\(affinity), but by the oracle \(element)")
    }
  }

  private static func value(of kind: MemoryKind) -> UInt32 {
    switch kind {
    case .usable: ORACLE_USABLE.rawValue
    case .softReserved: ORACLE_SOFT_RESERVED.rawValue
    case .acpiReclaimable: ORACLE_ACPI_RECLAIMABLE.rawValue
    case .persistent: ORACLE_PERSISTENT.rawValue
    case .acpiNonVolatile: ORACLE_ACPI_NVS.rawValue
    case .reserved: ORACLE_RESERVED.rawValue
    case .unusable: ORACLE_UNUSABLE.rawValue
    case .noMap: ORACLE_NO_MAP.rawValue
    }
  }

  /// Judges that both have the same greatest value at every address.
  private static func judgeEqual(_ found: [Element], _ expected: [Element], _ text: String) {
    // Mostly they are the same; else it depends on where ranges begin and end.
    if found == expected { return }
    var places: Set<UInt64> = []
    for element in found + expected {
      places.insert(element.bounds.lowerBound)
      if element.bounds.upperBound < .max { places.insert(element.bounds.upperBound + 1) }
    }
    for place in places {
      let left = found.filter { $0.bounds.contains(place) }.map(\.value).max()
      let right = expected.filter { $0.bounds.contains(place) }.map(\.value).max()
      judge(
        left == right,
        "\(text) at 0x\(String(place, radix: 16)) is \(left as Any), by the oracle \(right as Any)")
    }
  }
}
