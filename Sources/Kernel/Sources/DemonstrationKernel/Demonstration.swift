// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// Makes every call of boot memory's interface once, and shows it.
struct Demonstration {
  let node: NodeID
  let screen: MapScreen

  /// Makes all calls but the hand-over.
  func run(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    console.write("allocations:\n")
    try allocate(on: &memory, owners: &owners, console: &console)
    console.write("frees and reserves:\n")
    try freeAndReserve(on: &memory, owners: &owners, console: &console)
    console.write("refusals:\n")
    try beRefused(by: &memory, console: &console)
  }

  private func allocate(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    try show(
      "cache lines, 100 bytes", .cacheLines(byteCount: 100), on: &memory, &owners, &console)
    try show(
      "cache lines, 200 bytes", .cacheLines(byteCount: 200), on: &memory, &owners, &console)
    try show(
      "24 bytes aligned to 8", .init(byteCount: 24, alignment: 8), on: &memory, &owners, &console)
    try show("pages, 8 KiB", .pages(byteCount: 8192), on: &memory, &owners, &console)
    try show("low, 1000 bytes", .low(byteCount: 1000), on: &memory, &owners, &console)
    try show("low pages, 12 KiB", .lowPages(byteCount: 12288), on: &memory, &owners, &console)
    try show(
      "at or above 3 MiB", .init(byteCount: 64, goal: .address(PhysicalAddress(0x30_0000))),
      on: &memory, &owners, &console)
    try show(
      "below 2 MiB",
      .init(
        byteCount: 4096, goal: .none, limit: .address(PhysicalAddress(0x20_0000)), node: node),
      on: &memory, &owners, &console)
    try show(
      "64 KiB aligned to 64 KiB", .init(byteCount: 65536, alignment: 65536), on: &memory, &owners,
      &console)
    let pages = AllocationRequest.pages(byteCount: 4096)
    try show("node preferred", pages.on(node), on: &memory, &owners, &console)
    let onePage = AllocationRequest(byteCount: 4096, alignment: 4096, goal: .none)
    try show("node only", onePage.on(node, policy: .only), on: &memory, &owners, &console)
    try show(
      "node, high memory first", pages.on(node, policy: .high), on: &memory, &owners, &console)
    let cacheLine = AllocationRequest.cacheLines(byteCount: 64)
    Self.name("or trap, 64 bytes", &console)
    guard memory.hasRoom(for: cacheLine) else { return Self.leftOut(&console) }
    let address = memory.allocateOrTrap(cacheLine)
    owners.note(
      OwnedRange(
        range: AddressRange(start: address, clampingByteCount: cacheLine.byteCount),
        owner: "or trap, 64 bytes", isAllocated: true))
    Self.write(address, &console)
  }

  /// Allocates, checks that the memory is clear, and fills it; on a machine without such memory,
  /// says so.
  private func show(
    _ name: StaticString, _ request: AllocationRequest, on memory: inout RecordedMemory,
    _ owners: inout OwnerTable, _ console: inout Console
  ) throws(KernelError) {
    Self.name(name, &console)
    guard
      let address = try memory.allocateIfThereIsRoom(
        request, as: .named(MemoryName(name)), in: &owners)
    else {
      return Self.leftOut(&console)
    }
    Self.write(address, &console)
    guard MemoryProbe.isClear(at: address, byteCount: request.byteCount) else {
      throw .broken("allocated memory is not clear, or has another owner")
    }
    guard MemoryProbe.fill(at: address, byteCount: request.byteCount) else {
      throw .broken("allocated memory does not keep what is written to it")
    }
    if let range = AddressRange(start: address, byteCount: request.byteCount) {
      screen.update(range.touchedPages, memory.base, owners, on: console)
    }
  }

  private static func name(_ name: StaticString, _ console: inout Console) {
    console.write("  ")
    console.write(name)
    for _ in name.utf8CodeUnitCount..<28 { console.write(" ") }
  }

  private static func write(_ address: PhysicalAddress, _ console: inout Console) {
    console.write("0x")
    console.write(hexadecimal: address.rawValue, minimumDigitCount: 8)
    console.write("\n")
  }

  private static func leftOut(_ console: inout Console) {
    console.write("left out: no such memory is free\n")
  }

  private func freeAndReserve(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    let pageCount: UInt64 = 4
    let freeBefore = memory.base.freePageCount()
    let byteCount = pageCount * PageFrame.byteCount
    Self.name("allocated, 4 pages", &console)
    guard
      let start = try memory.allocateIfThereIsRoom(
        .pages(byteCount: byteCount), as: "4 pages", in: &owners)
    else {
      Self.leftOut(&console)
      return try reserveWhatIsHeld(on: &memory, owners: owners, console: &console)
    }
    Self.write(start, &console)
    guard let range = AddressRange(start: start, byteCount: byteCount) else {
      throw .broken("an allocation reaches beyond the address space")
    }
    let freeAfter: UInt64
    do {
      try memory.free(range, in: &owners)
      Self.name("freed again", &console)
      Self.write(range.start, &console)
      freeAfter = memory.base.freePageCount()
      try memory.reserve(range, as: "4 pages, reserved", in: &owners)
      Self.name("reserved", &console)
      Self.write(range.start, &console)
      try memory.free(range, in: &owners)
      try memory.reserve(
        range, as: "scratch space", exclusively: true, neededOnlyDuringBoot: true, in: &owners)
      Self.name("freed, reserved exclusively", &console)
      Self.write(range.start, &console)
    } catch {
      throw .bootMemory(error)
    }
    guard freeAfter == freeBefore, memory.base.freePageCount() == freeBefore - pageCount else {
      throw .broken("free and reserve do not add up")
    }
    try reserveWhatIsHeld(on: &memory, owners: owners, console: &console)
  }

  /// Shows that held memory stays held: reserving it exclusively is refused.
  ///
  /// The range tried is the first that lies in a node as a whole: the kernel's image, unless the
  /// kernel was configured to avoid the memory that it lies in.
  private func reserveWhatIsHeld(
    on memory: inout RecordedMemory, owners: borrowing OwnerTable, console: inout Console
  ) throws(KernelError) {
    let subject: StaticString = "  reserve exclusively: "
    for index in 0..<owners.count where memory.hasNode(with: owners[index].range.touchedPages) {
      do {
        try memory.reserve(owners[index].range, exclusively: true)
      } catch {
        // After the lines that debugging prints about the call.
        console.write(subject)
        owners.write(error, to: &console)
        console.write("\n")
        switch error {
        case .alreadyReserved, .bitmapReserved: return
        default: throw .bootMemory(error)
        }
      }
      throw .broken("an exclusive reserve got pages that are held")
    }
    console.write(subject)
    console.write("left out: nothing that is held lies in a node\n")
  }

  private func beRefused(
    by memory: inout RecordedMemory, console: inout Console
  ) throws(KernelError) {
    let freeBefore = memory.base.freePageCount()
    // More than any machine has.
    let everything = AllocationRequest.cacheLines(byteCount: 1 << 62)
    try expect(everything, refusal: .outOfMemory(byteCount: 1 << 62), &memory, &console)
    try expect(
      AllocationRequest(byteCount: 64, alignment: 48),
      refusal: .misuse(.alignmentNotPowerOfTwo(48)), &memory, &console)
    try expect(.cacheLines(byteCount: 0), refusal: .misuse(.zeroByteCount), &memory, &console)
    if let run = memory.nextFreeRun(on: node), let range = AddressRange(run) {
      console.write("  free twice: ")
      do {
        try memory.free(range)
      } catch {
        error.write(to: &console)
        console.write("\n")
        guard memory.base.freePageCount() == freeBefore else {
          throw .broken("a refused call changed the memory")
        }
        return
      }
      throw .broken("a free of free memory was not refused")
    }
  }

  private func expect(
    _ request: AllocationRequest, refusal: BootMemoryError, _ memory: inout RecordedMemory,
    _ console: inout Console
  ) throws(KernelError) {
    console.write("  allocate: ")
    do {
      _ = try memory.allocate(request)
    } catch {
      error.write(to: &console)
      console.write("\n")
      guard error == refusal else { throw .broken("the reason for a refusal is wrong") }
      return
    }
    throw .broken("an allocation was not refused")
  }
}
