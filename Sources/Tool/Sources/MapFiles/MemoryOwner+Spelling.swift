// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

extension MemoryOwner {
  /// The owner that prints itself as `spelling`; nil for a text that no owner prints before the
  /// first allocation.
  init?(spelling: Substring) {
    let words = spelling.split(separator: " ")
    // The last word as a number, or 0.
    let number = words.last.flatMap { Int($0) } ?? 0
    let owners: [MemoryOwner] =
      [.firstPage, .biosData, .extendedBIOSData, .kernelImage, .bootStack, .acpiTables]
      + [.bitmap(NodeID(number)), .pageTables, .badMemory]
      + LoaderData.all(numbered: number).map { .loader($0) }
    guard let owner = owners.first(where: { $0.name == spelling }) ?? Self.placed(spelling) else {
      return nil
    }
    self = owner
  }

  /// The owner of memory that a device tree requests without saying where.
  private static func placed(_ spelling: Substring) -> MemoryOwner? {
    for use in ReservationUse.allCases {
      let prefix = "\(use) memory "
      guard spelling.hasPrefix(prefix) else { continue }
      return .loader(.placedMemory(MemoryName(kept: spelling.dropFirst(prefix.count)), use))
    }
    return nil
  }

  /// The owner as it prints itself.
  private var name: String {
    var sink = StringSink()
    write(to: &sink)
    return sink.text
  }
}

extension MemoryName {
  /// Makes a name that is kept as long as the program runs, as names are: a file has only a few.
  fileprivate init(kept text: Substring) {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = unsafe bytes.initialize(from: text.utf8)
    unsafe self.init(UnsafeBufferPointer(bytes))
  }
}

extension LoaderData {
  /// Everything that a loader leaves, with this number where it leaves many of a kind.
  fileprivate static func all(numbered number: Int) -> [LoaderData] {
    [
      .bootInformation, .memoryMap, .commandLine, .loaderName, .moduleList, .module(number),
      .moduleCommandLine(number), .symbols, .deviceInformation, .setupData(number),
      .kernelAndModules, .loaderReclaimable, .deviceTree, .crashHeader,
      .memoryReservation(number), .reservedMemory(number), .reusableMemory(number),
    ]
  }
}
