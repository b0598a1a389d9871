// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// EFI memory maps of real machines, read as the binary descriptors that they were.
@Suite struct EFICorpusTests {
  private static let types = [
    "Reserved", "Loader_Code", "Loader_Data", "Boot_Code", "Boot_Data", "Runtime_Code",
    "Runtime_Data", "Conventional", "Unusable", "ACPI_Reclaim", "ACPI_NVS", "MMIO",
  ]

  private static let attributes: [String: UInt64] = [
    "UC": 1, "WC": 2, "WT": 4, "WB": 8, "RUN": 1 << 63,
  ]

  private func descriptor(_ words: [String]) throws -> EFIDescriptor {
    let name = words[2] == "ACPI_Mem_NVS" ? "ACPI_NVS" : words[2]
    let type = try #require(Self.types.firstIndex(of: name))
    let start = try #require(number(words[0]))
    let end = try #require(number(words[1]))
    let text = words.count > 3 ? words[3] : "0"
    let bits =
      try number(text)
      ?? text.split(separator: ",").reduce(UInt64(0)) {
        $0 | (try #require(Self.attributes[String($1)]))
      }
    return EFIDescriptor(
      type: UInt32(type), start: start, pageCount: (end - start) >> 12, attributes: bits)
  }

  private func map(_ file: CorpusFile, removing removed: [Range<UInt64>]) throws -> CorpusMap {
    // Firmware keeps descriptors 48 bytes apart.
    let bytes = try file.lines.flatMap { try descriptor($0).bytes + Array(repeating: 0, count: 8) }
    return try CorpusMap(
      EFIMemoryMap(byteCount: UInt64(bytes.count), descriptorByteCount: 48), bytes,
      removing: removed)
  }

  /// On the others the result is not that of the table alone: a log without its result, a kernel
  /// on arm64 that also counts reserved memory, and one that was given less memory than there is.
  @Test(arguments: [
    "intel-corporation-brickland-brickland-188b1c.efi",
    "intel-corporation-brickland-brickland-e88634.efi", "nutanix-ahv-rhel-av-544808.efi",
  ])
  func usablePages_equalLinux(name: String) throws {
    let files = try CorpusFile.all(in: "efi", extension: "efi")
    let file = try #require(files.first { $0.name == name })
    let map = try map(file, removing: [0..<0x1000, 0xa_0000..<0x10_0000] + file.fixups)
    #expect(!map.usable.isEmpty)
    #expect(map.usable == merged(file.earlyNodes.map(\.pages)))
  }

  @Test func everyUsableDescriptorIsAccountedForOn6Machines() throws {
    let files = try CorpusFile.all(in: "efi", extension: "efi")
    #expect(files.count == 6)
    for file in files {
      let map = try map(file, removing: [])
      #expect(map.regionCount == file.lines.count, "\(file.name)")
      #expect(map.reports == "", "\(file.name)")
      let usable = try file.lines.map { try descriptor($0) }
        .filter { [1, 2, 3, 4, 7].contains($0.type) }
        .map { descriptor in
          let first = descriptor.start >> 12
          return first...first + descriptor.pageCount - 1
        }
      #expect(map.usable == merged(usable.sorted { $0.lowerBound < $1.lowerBound }))
    }
  }
}
