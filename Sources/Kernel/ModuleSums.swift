#if hasFeature(Embedded)
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// Shows that the loader's modules lie untouched where the loader put them.
struct ModuleSums<Memory: PhysicalMemoryReader> {
  /// The most bytes that are added up, of all modules together: a loader may claim modules without
  /// end, and many over the same memory.
  private static var byteCountLimit: UInt64 { 64 << 20 }

  let memory: Memory
  let map: MemoryMap

  /// Writes place, size and checksum of every module, as `sum -r` computes it; where it is not of the
  /// whole module, of how many bytes it is.
  ///
  /// - Complexity: O(n) in the bytes of all modules, up to 64 MiB, and O(m × r) for m modules and r
  ///   regions.
  func write(_ owners: borrowing OwnerTable, to sink: inout some TextSink) {
    var rest = Self.byteCountLimit
    for index in 0..<owners.count {
      guard case .loader(.module(let number)) = owners[index].owner else { continue }
      let range = owners[index].range
      var sum = Checksum()
      add(range, to: &sum, limit: rest)
      rest -= sum.byteCount
      sink.write("module ")
      sink.write(decimal: number.magnitude)
      sink.write(" at 0x")
      sink.write(hexadecimal: range.start.rawValue, minimumDigitCount: 8)
      sink.write(": ")
      sink.write(decimal: range.byteCount)
      sink.write(" bytes, sum ")
      sink.write(decimal: sum.value)
      if sum.byteCount < range.byteCount {
        sink.write(" of ")
        sink.write(decimal: sum.byteCount)
        sink.write(rest == 0 ? " bytes, as far as modules are read" : " bytes that can be read")
      }
      sink.write("\n")
    }
  }

  /// Adds the bytes of a module that lie in usable memory, up to a limit.
  private func add(_ range: AddressRange, to sum: inout Checksum, limit: UInt64) {
    for pages in map.usablePages(in: range.touchedPages) {
      guard let usable = AddressRange(pages), let last = range.last, let usableLast = usable.last
      else { continue }
      // The pages are such as the range touches, so the two share a byte.
      var address = max(range.start, usable.start).rawValue
      let end = min(last, usableLast).rawValue
      while address <= end, sum.byteCount < limit,
        let byte = memory.byte(at: PhysicalAddress(address))
      {
        sum.add(byte)
        // Usable memory that can be read ends below the top of the address space.
        address += 1
      }
    }
  }
}

/// The checksum of BSD's `sum`: 16 bits, rotated right by one before each byte is added.
private struct Checksum {
  private(set) var value: UInt16 = 0
  private(set) var byteCount: UInt64 = 0

  mutating func add(_ byte: UInt8) {
    value = (value >> 1 | value << 15) &+ UInt16(byte)
    byteCount += 1
  }
}
#endif
