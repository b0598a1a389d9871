// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct EFIMemoryMapTests {
  private func map(_ descriptors: [EFIDescriptor], stride: Int = 40) -> [UInt8] {
    descriptors.flatMap { $0.bytes + Array(repeating: 0xee, count: stride - 40) }
  }

  private func read(
    _ bytes: [UInt8], byteCount: UInt64? = nil, stride: UInt64 = 40, hasBootServices: Bool = false
  ) -> BootResult {
    var memory = FakeMemory()
    memory.put(bytes, at: 0x8000)
    let map = EFIMemoryMap(
      byteCount: byteCount ?? UInt64(bytes.count), descriptorByteCount: stride,
      hasBootServices: hasBootServices)
    return BootResult(map, at: 0x8000, in: memory)
  }

  private func kinds(_ result: BootResult) -> [Substring] {
    result.regions.split(separator: "\n").map { $0.split(separator: " ")[1] }
  }

  @Test func read_namesEveryType() {
    let descriptors = (0...16).map {
      EFIDescriptor(type: UInt32($0), start: UInt64($0) << 12, pageCount: 1)
    }
    let bytes = map(descriptors)
    #expect(
      kinds(read(bytes)) == [
        "reserved", "usable", "usable", "usable", "usable", "reserved", "reserved", "usable",
        "unusable", "acpi_data", "acpi_nvs", "reserved", "reserved", "reserved", "persistent",
        "reserved", "reserved",
      ])
    #expect(
      kinds(read(bytes, hasBootServices: true))[1...4] == [
        "usable", "usable", "reserved", "reserved",
      ])
    #expect(
      read(bytes).heldRanges == """
          0000000000008000-00000000000082a7 memory map
          0000000000001000-0000000000001fff loader
          0000000000002000-0000000000002fff loader

        """)
  }

  @Test func read_attributesDecide() {
    let bytes = map([
      EFIDescriptor(type: 7, start: 0, pageCount: 1, attributes: 0x7),
      EFIDescriptor(type: 7, start: 0x1000, pageCount: 1, attributes: 0x4_000f),
      EFIDescriptor(type: 4, start: 0x2000, pageCount: 1, attributes: 0x4_000f),
      // Set aside, and not to be cached either.
      EFIDescriptor(type: 7, start: 0x3000, pageCount: 1, attributes: 0x4_0007),
      // EFI_MEMORY_NV, as persistent memory has it.
      EFIDescriptor(type: 14, start: 0x4000, pageCount: 1, attributes: 0x800f),
    ])
    #expect(
      kinds(read(bytes)) == ["reserved", "soft_reserved", "usable", "soft_reserved", "persistent"])
  }

  @Test func read_restBehindTheLastDescriptorIsReported() {
    let bytes = map([EFIDescriptor(type: 7, start: 0x1000, pageCount: 2)]) + [7, 0, 0]
    let result = read(bytes)
    #expect(result.regionList.count == 1)
    #expect(
      result.reports == "firmware: EFI memory map at 0x8000: does not end with a whole entry; "
        + "ignored at its end are bytes: 0x3\n")
  }

  @Test func read_descriptorsFurtherApartThanTheirFields() {
    let bytes = map(
      [
        EFIDescriptor(type: 7, start: 0x1000, pageCount: 2),
        EFIDescriptor(type: 0, start: 0x3000, pageCount: 1),
      ], stride: 48)
    #expect(
      read(bytes, stride: 48).regions == """
          0000000000001000-0000000000002fff usable        8 KiB
          0000000000003000-0000000000003fff reserved      4 KiB

        """)
  }

  @Test func read_hugePageCountsAreClipped() {
    let result = read(
      map([
        EFIDescriptor(type: 0, start: 0x1000, pageCount: .max),
        EFIDescriptor(type: 0, start: 0x1000, pageCount: 1 << 52),
        EFIDescriptor(type: 0, start: 0x1000, pageCount: (1 << 52) - 1),
      ]))
    #expect(
      result.regions
        == String(
          repeating: "  0000000000001000-ffffffffffffffff reserved      15.9 EiB\n", count: 3))
    #expect(result.reports.split(separator: "\n").count == 2)
  }

  @Test func read_descriptorsTooSmallAreRefused() {
    for stride: UInt64 in [0, 39] {
      let bytes = map([EFIDescriptor(type: 7, start: 0, pageCount: 1)])
      let result = read(bytes, stride: stride)
      #expect(result.error == "EFI memory map at 0x8000: has no descriptor in reach")
      #expect(result.reports.contains("is too small, has size"))
    }
  }

  @Test func read_mapLargerThanMemoryIsReadAsFarAsItGoes() {
    let bytes = map([EFIDescriptor(type: 7, start: 0, pageCount: 1)])
    let result = read(bytes, byteCount: .max)
    #expect(kinds(result) == ["usable"])
    #expect(result.reports.contains("EFI memory descriptor 1 at 0x8028: is out of reach"))
    // A rest that is no whole descriptor is none.
    #expect(kinds(read(bytes + [1, 2, 3])) == ["usable"])
  }

  @Test func read_damagedAnywhereNeverTraps() {
    let bytes = map([EFIDescriptor(type: 7, start: 0, pageCount: 1)])
    readDamaged(
      EFIMemoryMap(byteCount: 40, descriptorByteCount: 40), [(0x8000, bytes)],
      errors: (cut: 40, changed: 0))
  }
}
