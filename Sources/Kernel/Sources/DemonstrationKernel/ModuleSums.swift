// SPDX-License-Identifier: MIT
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// Shows that the loader's modules lie untouched where the loader put them.
struct ModuleSums {
  /// The most bytes that are added up over all modules: a loader may claim modules without end, and
  /// many over the same memory.
  private static var byteCountLimit: UInt64 { 256 << 20 }

  let memory: FirmwareMemory
  let map: MemoryMap

  /// Writes place, size and checksum of every module, as `sum -r` computes it.  Only bytes in
  /// usable memory are read; where that is not all of a module, its line says how many they are.
  ///
  /// - Complexity: O(n) in the bytes of all modules, up to 256 MiB, and O(m × r) for m modules and
  ///   r regions.
  func write(_ owners: borrowing OwnerTable, to sink: inout some TextSink) {
    var rest = Self.byteCountLimit
    for index in 0..<owners.count {
      guard case .loader(.module(let number)) = owners[index].owner else { continue }
      let range = owners[index].range
      sink.write("module ")
      sink.write(decimal: number.magnitude)
      sink.write(" at 0x")
      sink.write(hexadecimal: range.start.rawValue, minimumDigitCount: 8)
      sink.write(": ")
      sink.write(decimal: range.byteCount)
      let sum = sum(of: range, limit: rest)
      rest -= sum.byteCount
      guard sum.byteCount > 0 else {
        sink.write(rest > 0 ? " bytes, none in usable memory\n" : " bytes, not read: too many\n")
        continue
      }
      sink.write(" bytes, sum ")
      sink.write(decimal: sum.value)
      if sum.byteCount < range.byteCount {
        sink.write(" of ")
        sink.write(decimal: sum.byteCount)
        sink.write(rest > 0 ? " bytes in usable memory" : " bytes, the rest not read: too many")
      }
      sink.write("\n")
    }
  }

  /// The sum of the bytes of a module that lie in usable memory, up to a limit.
  private func sum(of range: AddressRange, limit: UInt64) -> Checksum {
    var sum = Checksum()
    var ranges = map.usablePages(in: range.touchedPages)
    while let pages = ranges.next() {
      for number in pages.start.number..<pages.end.number {
        guard let bytes = unsafe memory.bytes(of: PageFrame(number)) else { continue }
        // In a page that the range touches, from the range's start on, and up to its end.
        let pageStart = number << PageFrame.byteCountShift
        let first = max(range.start.rawValue, pageStart) - pageStart
        let last = min((range.last?.rawValue ?? 0) - pageStart, PageFrame.byteCount - 1)
        let count = min(last + 1 - first, limit - sum.byteCount)
        unsafe sum.add(UnsafeBufferPointer(rebasing: bytes[Int(first)..<Int(first + count)]))
        if sum.byteCount == limit { return sum }
      }
    }
    return sum
  }
}

/// The checksum of BSD's `sum`: 16 bits, rotated right by one before each byte is added.
private struct Checksum {
  private(set) var value: UInt16 = 0
  private(set) var byteCount: UInt64 = 0

  mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    var value = value
    for index in 0..<bytes.count {
      value = unsafe (value >> 1 | value << 15) &+ UInt16(bytes[index])
    }
    self.value = value
    byteCount += UInt64(bytes.count)
  }
}
