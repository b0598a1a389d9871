// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

extension MemoryOwner {
  /// The owner that prints itself like that; nil for a text that is no owner's before the first
  /// allocation.
  init?(spelling: Substring) {
    let words = spelling.split(separator: " ")
    // The number that the last word is, or 0.
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

  /// The owner of what a device tree asks for without saying where.
  private static func placed(_ spelling: Substring) -> MemoryOwner? {
    for use in ReservationUse.allCases {
      let prefix = "\(use) memory "
      guard spelling.hasPrefix(prefix) else { continue }
      return .loader(.placedMemory(MemoryName(kept: spelling.dropFirst(prefix.count)), use))
    }
    return nil
  }

  /// What a person calls it.
  private var name: String {
    var sink = StringSink()
    write(to: &sink)
    return sink.text
  }
}

extension MemoryName {
  /// A name that is kept for as long as the program runs, as names are: of a file there are few.
  fileprivate init(kept text: Substring) {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = unsafe bytes.initialize(from: text.utf8)
    unsafe self.init(UnsafeBufferPointer(bytes))
  }
}

extension LoaderData {
  /// All that a loader leaves, those of which there are many with this number.
  fileprivate static func all(numbered number: Int) -> [LoaderData] {
    [
      .bootInformation, .memoryMap, .commandLine, .loaderName, .moduleList, .module(number),
      .moduleCommandLine(number), .symbols, .deviceInformation, .setupData(number),
      .kernelAndModules, .loaderReclaimable, .deviceTree, .crashHeader,
      .memoryReservation(number), .reservedMemory(number), .reusableMemory(number),
    ]
  }
}
