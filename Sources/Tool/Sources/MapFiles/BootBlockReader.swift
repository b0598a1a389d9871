// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

extension MapFile {
  /// Reads the memory map that a loader left, from a dump of memory.
  ///
  /// - Parameter information: The address of the loader's information.
  /// - Precondition: The form is that of a dump.
  mutating func readBootBlock(
    at information: PhysicalAddress, in memory: FileMemory
  ) throws(BootBlockError) {
    guard let reader = form.bootProtocol else { preconditionFailure("\(form) is not a dump") }
    // The readers stop at 1 MiB of list, whose smallest entry takes 20 bytes, or at 2 MiB of device
    // tree, whose smallest takes 8.
    let regionCapacity = 1 << 18
    let rangeCapacity = 1 << 18
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regionCapacity)
    defer { unsafe regions.deallocate() }
    let ranges = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: rangeCapacity)
    defer { unsafe ranges.deallocate() }
    var result = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions), heldRanges: OwnedRangeList(storage: ranges))
    var reports = StringSink()
    do throws(FirmwareError) {
      try result.read(reader, at: information, in: memory, reportingTo: &reports)
    } catch {
      var text = StringSink()
      error.write(to: &text)
      throw BootBlockError(message: text.text)
    }
    notes += reports.text.split(separator: "\n").map(String.init)
    for index in 0..<result.regions.count {
      let region = result.regions[index]
      entries.append(Entry(line: nil, region: region, kindName: "\(region.kind.name)"))
    }
    for index in 0..<result.heldRanges.count { heldRanges.append(result.heldRanges[index]) }
    if let text = result.commandLine { commandLine = memory.text(at: text) }
    board = result.board
    memoryLimitMeaning = result.memoryLimitMeaning
    rootPointer = result.rootPointer
    self.memory = memory
    // A tree is more often a separate file than part of a dump of memory.
    if reader == .deviceTree && memory.start == 0 {
      heldRanges.removeAll { $0.owner == .loader(.deviceTree) }
      notes.append("where the tree itself will lie is not known; --at says where")
    }
  }
}

/// Why a dump of memory could not be read.
struct BootBlockError: Error {
  var message: String
}

/// Physical memory of which only the part in a file can be read.
public struct FileMemory: PhysicalMemoryReader, Sendable {
  /// The content of the file.
  public let bytes: [UInt8]

  /// The address at which the file's first byte lay.
  public let start: PhysicalAddress

  /// Makes memory of `bytes` from `start` on.
  public init(bytes: [UInt8], start: PhysicalAddress) {
    self.bytes = bytes
    self.start = start
  }

  /// The byte at `address`; nil outside of the file.
  public func byte(at address: PhysicalAddress) -> UInt8? {
    guard address >= start else { return nil }
    let offset = address.rawValue - start.rawValue
    return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }

  /// The text in a range, with a question mark in place of each byte that is not ASCII.
  func text(at range: AddressRange) -> String {
    let bytes = (0..<range.byteCount).map { offset in
      range.start.advanced(byByteCount: offset).flatMap { byte(at: $0) } ?? 0
    }
    return String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x3f }, as: UTF8.self)
  }
}
