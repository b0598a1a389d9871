// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit
import MemoryMap
import PhysicalMemory

/// What a loader leaves, in made-up memory, read and planned with as a kernel does.
enum LoaderTarget {
  /// Reads the input, which lies at ``InputMemory/start``, with `loader`.
  static func run(_ loader: some BootProtocol, _ input: inout FuzzInput) {
    let memory = unsafe InputMemory(input.rest())
    read(loader, at: memory.start, in: memory)
  }

  static func read(
    _ loader: some BootProtocol, at address: PhysicalAddress, in memory: InputMemory
  ) {
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: Storage.shared.regions),
      heldRanges: OwnedRangeList(storage: Storage.shared.heldRanges))
    var sink = CountingSink()
    do throws(FirmwareError) {
      try information.read(loader, at: address, in: memory, reportingTo: &sink)
    } catch {
      error.write(to: &sink)
      let isEmpty =
        information.regions.count == 0 && information.heldRanges.count == 0
        && information.moduleCount == 0 && information.commandLine == nil
      return judge(isEmpty, "threw \(error) and kept something")
    }
    judge(information.regions.count > 0, "read, but there is no memory map")
    guard information.heldRanges.isComplete else { return }
    let line = unsafe KernelCommandLine(
      copying: information.commandLine, in: memory, storage: Storage.shared.commandLine)
    _ = MemoryParameters(applying: line, to: &information.regions, reportingTo: &sink)
    information.regions.write(to: &sink)
    information.heldRanges.write(to: &sink)
    plan(&information)
  }

  /// Sanitises and plans.
  private static func plan(_ information: inout BootInformation) {
    let regions = information.regions.copy()
    do throws(MemoryMapError) {
      let map = unsafe try MemoryMap(
        sanitizing: &information.regions, storage: Storage.shared.map)
      judgeMap(map, of: regions)
      Plan.judgeBootMemory(of: NodeMap(oneNodeOf: map), heldRanges: information.heldRanges)
    } catch {
      var sink = CountingSink()
      error.write(to: &sink)
    }
  }
}
