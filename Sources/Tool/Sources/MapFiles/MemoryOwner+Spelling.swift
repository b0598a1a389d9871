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
    guard let owner = owners.first(where: { $0.name == spelling }) else { return nil }
    self = owner
  }

  /// What a person calls it.
  private var name: String {
    var sink = StringSink()
    write(to: &sink)
    return sink.text
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
