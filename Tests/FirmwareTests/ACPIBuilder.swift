// SPDX-License-Identifier: MIT

/// Builds ACPI tables in fake memory: root pointer, table of tables, table of affinities.
struct ACPIBuilder {
  private(set) var entries = ByteBuilder()
  var revision: UInt8 = 3

  /// Appends a memory entry of 40 bytes.
  mutating func appendMemory(
    domain: UInt32, start: UInt64, byteCount: UInt64, flags: UInt32 = 1
  ) {
    var entry = ByteBuilder()
    entry.append(UInt8(1))
    entry.append(UInt8(40))
    entry.append(domain)
    entry.append(UInt16(0))
    entry.append(start)
    entry.append(byteCount)
    entry.append(UInt32(0))
    entry.append(flags)
    entry.append(UInt64(0))
    entries.append(entry.bytes)
  }

  /// Appends a processor with a local APIC, in 16 bytes.
  mutating func appendAPIC(domain: UInt32, flags: UInt32 = 1) {
    var entry = ByteBuilder()
    entry.append(UInt8(0))
    entry.append(UInt8(16))
    entry.append(UInt8(truncatingIfNeeded: domain))
    entry.append(UInt8(7))
    entry.append(flags)
    entry.append(UInt8(0xee))
    for shift: UInt32 in [8, 16, 24] { entry.append(UInt8(truncatingIfNeeded: domain >> shift)) }
    entry.append(UInt32(0))
    entries.append(entry.bytes)
  }

  /// Appends an entry of `byteCount` bytes with domain and flags at these places.
  mutating func append(
    type: UInt8, byteCount: Int, domain: UInt32, at domainOffset: Int, flagsAt flagsOffset: Int,
    flags: UInt32 = 1
  ) {
    var entry = ByteBuilder()
    entry.pad(to: byteCount)
    entry.set(type, at: 0)
    entry.set(UInt8(byteCount), at: 1)
    entry.set(domain, at: domainOffset)
    entry.set(flags, at: flagsOffset)
    entries.append(entry.bytes)
  }

  /// Appends bytes as they are.
  mutating func append(_ bytes: [UInt8]) { entries.append(bytes) }

  /// The table of affinities.
  var affinityTable: [UInt8] {
    Self.table("SRAT", revision: revision, Array(repeating: 0, count: 12) + entries.bytes)
  }

  /// Memory in which everything is in place: the root pointer at `root`, the table of tables at
  /// 7ff00000, a table of another kind at 7ff00100, and that of affinities at 7ff01000.
  func memory(root: UInt64 = 0xf_5a90, isExtended: Bool = false) -> FakeMemory {
    var memory = FakeMemory()
    memory.put(affinityTable, at: 0x7ff0_1000)
    memory.put(Self.table("FACP", revision: 1, [1, 2, 3]), at: 0x7ff0_0100)
    var addresses = ByteBuilder()
    for address: UInt32 in [0x7ff0_0100, 0x7ff0_1000] {
      addresses.append(address)
      if isExtended { addresses.append(UInt32(0)) }
    }
    let name = isExtended ? "XSDT" : "RSDT"
    memory.put(Self.table(name, revision: 1, addresses.bytes), at: 0x7ff0_0000)
    memory.put(Self.rootPointer(to: 0x7ff0_0000, isExtended: isExtended), at: root)
    return memory
  }

  /// A root pointer to a table with addresses of 32, or of 64 bits.
  static func rootPointer(to table: UInt64, isExtended: Bool) -> [UInt8] {
    var root = ByteBuilder()
    root.append(Array("RSD PTR ".utf8))
    root.append(UInt8(0))
    root.append(Array("BOCHS ".utf8))
    root.append(UInt8(isExtended ? 2 : 0))
    root.append(isExtended ? UInt32(0) : UInt32(table))
    root.set(checksum(root.bytes), at: 8)
    guard isExtended else { return root.bytes }
    root.append(UInt32(36))
    root.append(table)
    root.append(UInt32(0))
    root.set(checksum(root.bytes), at: 32)
    return root.bytes
  }

  /// A table with its header and checksum.
  static func table(_ name: String, revision: UInt8, _ contents: [UInt8]) -> [UInt8] {
    var table = ByteBuilder()
    table.append(Array(name.utf8))
    table.append(UInt32(36 + contents.count))
    table.append(revision)
    table.pad(to: 36)
    table.append(contents)
    table.set(checksum(table.bytes), at: 9)
    return table.bytes
  }

  /// What makes the bytes add up to 0.
  static func checksum(_ bytes: [UInt8]) -> UInt8 { 0 &- bytes.reduce(0, &+) }
}
