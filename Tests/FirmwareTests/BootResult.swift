// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport

/// What a reader made of a loader's information, as text and numbers that a test can compare.
struct BootResult {
  /// The regions as given, printed.
  var regions = ""
  /// The regions as given.
  var regionList: [MemoryRegion] = []
  /// The loader's ranges, printed.
  var heldRanges = ""
  /// The reports about defects, printed.
  var reports = ""
  /// The error, printed; nil if there was none.
  var error: String?
  var moduleCount = 0
  var commandLine: AddressRange?
  var loaderName: AddressRange?
  var rootPointer: PhysicalAddress?

  /// Reads with `loader` from `address`.
  init(
    _ loader: some BootProtocol, at address: UInt64, in memory: some PhysicalMemoryReader,
    regionCapacity: Int = 64, heldRangeCapacity: Int = 64
  ) {
    let regionStorage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regionCapacity)
    defer { unsafe regionStorage.deallocate() }
    let rangeStorage = UnsafeMutableBufferPointer<OwnedRange>.allocate(
      capacity: heldRangeCapacity)
    defer { unsafe rangeStorage.deallocate() }
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regionStorage),
      heldRanges: OwnedRangeList(storage: rangeStorage))
    var reported = PrintedText()
    do throws(FirmwareError) {
      try information.read(
        loader, at: PhysicalAddress(address), in: memory, reportingTo: &reported)
    } catch {
      var text = PrintedText()
      error.write(to: &text)
      self.error = text.text
    }
    reports = reported.text
    var printed = PrintedText()
    information.regions.write(to: &printed)
    regions = printed.text
    regionList = (0..<information.regions.count).map { information.regions[$0] }
    printed = PrintedText()
    information.heldRanges.write(to: &printed)
    heldRanges = printed.text
    moduleCount = information.moduleCount
    commandLine = information.commandLine
    loaderName = information.loaderName
    rootPointer = information.rootPointer
  }
}
