// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit
import MemoryMap
import PhysicalMemory

/// What a loader leaves, in made-up memory, read and planned with as a kernel does.
enum LoaderTarget {
  /// Reads the input, which lies at ``InputMemory/start``, with `loader`; `decode` is the oracle's
  /// decoder for the same, and `holders` that of what else is left.
  static func run(
    _ loader: some BootProtocol, _ input: inout FuzzInput, decode: OracleMap.Decoder,
    holders: OracleMap.Decoder? = nil
  ) {
    let memory = unsafe InputMemory(input.rest())
    let oracle = unsafe OracleMap(of: memory, by: decode)
    let held = unsafe holders.map { unsafe OracleMap(of: memory, by: $0) }
    read(loader, in: memory, oracle: oracle, held: held)
  }

  /// Reads what lies at the start of `memory`.
  ///
  /// - Parameters:
  ///   - oracle: What is right; nil if it is not known.
  ///   - held: What is left beside the map; nil if it is not known.
  static func read(
    _ loader: some BootProtocol, in memory: InputMemory, oracle: OracleMap?, held: OracleMap? = nil
  ) {
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: Storage.shared.regions),
      heldRanges: OwnedRangeList(storage: Storage.shared.heldRanges))
    var sink = CountingSink()
    do throws(FirmwareError) {
      try information.read(loader, at: memory.start, in: memory, reportingTo: &sink)
    } catch {
      error.write(to: &sink)
      let isEmpty =
        information.regions.count == 0 && information.heldRanges.count == 0
        && information.moduleCount == 0 && information.commandLine == nil
      judge(isEmpty, "threw \(error) and kept something")
      return judgeRefusal(error, oracle, isTree: loader is DeviceTreeBlob)
    }
    judge(information.regions.count > 0, "read, but there is no memory map")
    let given = information.regions.copy()
    oracle?.judgeRegions(given)
    if loader is DeviceTreeBlob { oracle?.judgeReservations(information.heldRanges.reservations) }
    guard information.heldRanges.isComplete else { return }
    held?.judgeHolders(information.heldRanges)
    let line = unsafe KernelCommandLine(
      copying: information.commandLine, in: memory, storage: Storage.shared.commandLine)
    let meaning = information.memoryLimitMeaning
    _ = MemoryParameters(
      applying: line, to: &information.regions, limitMeaning: meaning, reportingTo: &sink)
    information.regions.write(to: &sink)
    information.heldRanges.write(to: &sink)
    let regions = information.regions.copy()
    // Parameters may change every region.
    plan(&information, of: regions == given ? oracle?.regions ?? given : regions)
  }

  /// Judges that a map was refused for a reason.  Of a device tree the reader asks more than the
  /// oracle does: that its blocks lie apart, for instance.
  private static func judgeRefusal(_ error: FirmwareError, _ oracle: OracleMap?, isTree: Bool) {
    guard let oracle, case .unreadable = error else { return }
    judge(oracle.isEmpty || isTree, "threw \(error), but the oracle reads \(oracle.elements)")
  }

  /// Sanitises and plans.
  private static func plan(_ information: inout BootInformation, of regions: [MemoryRegion]) {
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

extension OwnedRangeList {
  /// What a device tree reserves at a place that it says.
  fileprivate var reservations: [AddressRange] {
    (0..<count).compactMap { index in
      switch self[index].owner {
      case .loader(.memoryReservation), .loader(.reservedMemory), .loader(.reusableMemory),
        .loader(.crashHeader):
        self[index].range
      default: nil
      }
    }
  }
}
