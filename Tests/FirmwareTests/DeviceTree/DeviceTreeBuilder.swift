// SPDX-License-Identifier: MIT

/// Builds a device tree token by token, so that a test can get every one of them wrong.
struct DeviceTreeBuilder {
  /// The cells of the structure block.
  private(set) var structure: [UInt8] = []
  private var strings: [UInt8] = []

  /// What the header says in place of the truth, by the number of the field.
  var header: [Int: UInt32] = [:]

  /// What stands in the memory reservation block in front of its end.
  var reservations: [UInt64] = []

  /// Whether the memory reservation block has an end.
  var endsReservations = true

  mutating func token(_ number: UInt32) { structure += Self.bigEndian(number) }

  mutating func node(_ name: String) {
    token(1)
    appendPadded(Array(name.utf8) + [0])
  }

  mutating func endNode() { token(2) }

  mutating func end() { token(9) }

  mutating func property(_ name: String, _ value: [UInt8], byteCount: UInt32? = nil) {
    token(3)
    token(byteCount ?? UInt32(value.count))
    token(UInt32(strings.count))
    strings += Array(name.utf8) + [0]
    appendPadded(value)
  }

  mutating func property(_ name: String, cells: UInt32...) { property(name, cells: cells) }

  mutating func property(_ name: String, cells: [UInt32]) {
    property(name, cells.flatMap { Self.bigEndian($0) })
  }

  mutating func property(_ name: String, text: String) {
    property(name, Array(text.utf8) + [0])
  }

  /// A root with cells of 64 bits and memory from 1 to 2 GiB, up to where more children can follow.
  static var withMemory: DeviceTreeBuilder {
    var tree = DeviceTreeBuilder()
    tree.node("")
    tree.property("#address-cells", cells: 2)
    tree.property("#size-cells", cells: 2)
    tree.node("memory@40000000")
    tree.property("device_type", text: "memory")
    tree.property("reg", cells: 0, 0x4000_0000, 0, 0x4000_0000)
    tree.endNode()
    return tree
  }

  /// The tree: header, reservations, structure, strings.
  var bytes: [UInt8] {
    let reservationBytes =
      (reservations + (endsReservations ? [0, 0] : [])).flatMap { Self.bigEndian($0) }
    let structureOffset = 40 + reservationBytes.count
    let stringsOffset = structureOffset + structure.count
    let fields = [
      0xd00d_feed, stringsOffset + strings.count, structureOffset, stringsOffset, 40, 17, 16, 0,
      strings.count, structure.count,
    ]
    let header = fields.enumerated().flatMap { number, field in
      Self.bigEndian(self.header[number] ?? UInt32(field))
    }
    return header + reservationBytes + structure + strings
  }

  private mutating func appendPadded(_ bytes: [UInt8]) {
    structure += bytes
    while structure.count % 4 != 0 { structure.append(0) }
  }

  private static func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
  }
}
