// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What a loader handed over, in the same form for every protocol.
///
/// The regions of memory are copied into the caller's storage; the command line, name and modules
/// stay where the loader put them, and ``heldRanges`` tells which memory that is.
///
/// A kernel whose loader has no ``BootProtocol`` can fill in the properties itself.
public struct BootInformation: ~Copyable {
  /// The firmware's memory map as the loader passed it.  That a region is usable does not mean that
  /// it is free: see ``heldRanges``.
  public var regions: MemoryRegionList

  /// The memory that holds what the loader handed over, and ACPI's tables once
  /// ``noteTables(_:reportingTo:)`` has seen them.
  public var heldRanges: OwnedRangeList

  /// The number of modules; the contents of each are in ``heldRanges``, except for empty modules.
  public internal(set) var moduleCount = 0

  /// The text of the kernel's command line without its final zero; nil if there is none.
  public var commandLine: AddressRange?

  /// The text of the loader's name without its final zero; nil if there is none.
  public internal(set) var loaderName: AddressRange?

  /// The address of ACPI's root pointer (RSDP) according to the loader; nil if it gives none.
  public var rootPointer: PhysicalAddress?

  /// Where the machine describes what is not in its memory map.
  public var board = BoardDescription.none

  /// The meaning of `mem=SIZE` on the command line on such a machine.
  public var memoryLimitMeaning = MemoryLimitMeaning.endAddress

  /// Makes an empty result.
  public init(regions: consuming MemoryRegionList, heldRanges: consuming OwnedRangeList) {
    self.regions = regions
    self.heldRanges = heldRanges
  }

  /// Reads what a loader left at `address`, replacing the current contents.
  ///
  /// Whatever can be read despite a defect is read, and the defect is reported as a line on `sink`;
  /// if there are very many, only the first ones are.
  ///
  /// - Throws: An error if there is no readable memory map, or too little storage; nothing is kept
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

  /// Lets `body` read `memory`, starting from the information found so far.
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

  /// Throws an error if there was no room for all ranges; it says how much is needed.
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
