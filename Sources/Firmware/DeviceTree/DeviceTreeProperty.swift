// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A property of a node: a name and a value of any bytes.
struct DeviceTreeProperty<Memory: PhysicalMemoryReader> {
  /// The offset of the name in the strings block.
  let nameOffset: UInt64

  /// The strings block.
  let strings: BoundedBytes<Memory>

  /// The bytes of the value, which may be empty.
  let value: BoundedBytes<Memory>

  func isNamed(_ name: StaticString) -> Bool { strings.holds(name, at: nameOffset) }

  func isNamed(_ name: BoundedBytes<Memory>) -> Bool {
    guard let start = strings.slice(at: nameOffset, byteCount: name.byteCount) else { return false }
    return start.equals(name) && strings.load(UInt8.self, at: nameOffset + name.byteCount) == 0
  }
}
