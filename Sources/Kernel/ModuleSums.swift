#if hasFeature(Embedded)
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// Shows that the loader's modules lie untouched where the loader put them.
enum ModuleSums {
  /// Writes place, size and checksum of every module, as `sum -r` computes it.
  ///
  /// - Complexity: O(n) in the bytes of all modules.
  static func write(
    _ owners: borrowing OwnerTable, in memory: some PhysicalMemoryReader,
    to sink: inout some TextSink
  ) {
    for index in 0..<owners.count {
      guard case .loader(.module(let number)) = owners[index].owner else { continue }
      let range = owners[index].range
      sink.write("module ")
      sink.write(decimal: number.magnitude)
      sink.write(" at 0x")
      sink.write(hexadecimal: range.start.rawValue, minimumDigitCount: 8)
      sink.write(": ")
      sink.write(decimal: range.byteCount)
      sink.write(" bytes, sum ")
      sink.write(decimal: sum(of: range, in: memory))
      sink.write("\n")
    }
  }

  /// The checksum of BSD's `sum`: 16 bits, rotated right by one before each byte is added.
  private static func sum(of range: AddressRange, in memory: some PhysicalMemoryReader) -> UInt16 {
    var sum: UInt16 = 0
    var address: PhysicalAddress? = range.start
    while let current = address, range.contains(current) {
      sum = (sum >> 1 | sum << 15) &+ UInt16(memory.byte(at: current) ?? 0)
      address = current.advanced(byByteCount: 1)
    }
    return sum
  }
}
#endif
