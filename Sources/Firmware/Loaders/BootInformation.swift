// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What a loader handed over, in the same shape whatever the protocol.
///
/// The regions of memory are copied into storage of the caller; command line, name and modules
/// stay where the loader put them, and ``heldRanges`` says which memory that is.
///
/// A kernel whose loader has no ``BootProtocol`` can fill in the properties itself.
public struct BootInformation: ~Copyable {
  /// The firmware's memory map as the loader gave it.  A region's being usable does not say that it
  /// is free: see ``heldRanges``.
  public var regions: MemoryRegionList

  /// The memory that holds what the loader handed over, and ACPI's tables once
  /// ``noteTables(_:reportingTo:)`` has seen them.
  public var heldRanges: OwnedRangeList

  /// The number of modules; the contents of each are in ``heldRanges``, save for empty modules.
  public internal(set) var moduleCount = 0

  /// The text of the kernel's command line without its final zero; nil if there is none.
  public var commandLine: AddressRange?

  /// The text of the loader's name without its final zero; nil if there is none.
  public internal(set) var loaderName: AddressRange?

  /// Where the loader says that ACPI's root pointer (RSDP) lies; nil if it does not say.
  public var rootPointer: PhysicalAddress?

  /// Where the machine says what is not in its memory map.
  public var board = BoardDescription.none

  /// What `mem=SIZE` on the command line stands for on such a machine.
  public var memoryLimitMeaning = MemoryLimitMeaning.endAddress

  /// Makes an empty result.
  public init(regions: consuming MemoryRegionList, heldRanges: consuming OwnedRangeList) {
    self.regions = regions
    self.heldRanges = heldRanges
  }

  /// Reads what a loader left at `address`, replacing what was here before.
  ///
  /// What can be read in spite of a defect is read, and the defect reported as a line on `sink`; if
  /// there are very many, only the first.
  ///
  /// - Throws: An error if there is no memory map to be had, or too little storage; nothing is kept
  ///   then.
  public mutating func read(
    _ loader: some BootProtocol, at address: PhysicalAddress, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    removeAll()
    try read(memory, reportingTo: &sink) { (reading) throws(FirmwareError) in
      do throws(FirmwareError) {
        try loader.read(at: address, with: &reading)
        try reading.information.checkCapacity()
        reading.information.board = loader.boardDescription(at: address)
      } catch {
        reading.information.removeAll()
        throw error
      }
    }
  }

  /// Has `body` read `memory`, with this as what has been found so far.
  mutating func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ memory: Memory, reportingTo sink: inout Sink,
    _ body: (inout BootReading<Memory, Sink>) throws(FirmwareError) -> Void
  ) throws(FirmwareError) {
    var reading = BootReading(of: memory, into: self, reportingTo: sink)
    do throws(FirmwareError) {
      try body(&reading)
    } catch {
      self = reading.finish(reportingTo: &sink)
      throw error
    }
    self = reading.finish(reportingTo: &sink)
  }

  borrowing func checkCapacity() throws(FirmwareError) {
    do throws(MemoryMapError) {
      try regions.checkCapacity()
    } catch {
      throw .memoryMap(error)
    }
    try checkHeldRanges()
  }

  /// Says with an error that there was no room for all ranges, and how much is needed.
  borrowing func checkHeldRanges() throws(FirmwareError) {
    guard heldRanges.isComplete else {
      throw .heldRangesFull(capacity: heldRanges.capacity, needed: heldRanges.neededCapacity)
    }
  }

  mutating func removeAll() {
    regions.removeAll()
    heldRanges.removeAll()
    moduleCount = 0
    commandLine = nil
    loaderName = nil
    rootPointer = nil
    board = .none
    memoryLimitMeaning = .endAddress
  }
}
