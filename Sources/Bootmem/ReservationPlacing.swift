// SPDX-License-Identifier: MIT

/// Finds a place for each reservation that a device tree asks for without an address, before
/// anything else is allocated and in the tree's order, as Linux does.
@safe
struct ReservationPlacing {
  private let names: UnsafeMutableBufferPointer<UInt8>

  /// The number of bytes that there is room for.
  private var capacity: Int { unsafe names.count }

  /// The number of bytes of the names so far, whether or not there was room for them.
  private var nameByteCount = 0

  /// - Parameter names: Room for the names, which must stay valid as long as any owner is used.
  init(names: UnsafeMutableBufferPointer<UInt8>) {
    unsafe self.names = unsafe names
  }

  /// Adds each placed range to the owners, and to the regions if it must not be mapped; ranges that
  /// fit nowhere are reported.
  ///
  /// - Returns: Whether regions were added.
  /// - Throws: An error if the tree can no longer be read, or a table is too small.
  mutating func place<Memory: PhysicalMemoryReader>(
    _ information: inout BootInformation, in memory: Memory, of map: MemoryMap,
    owners: inout OwnerTable, reportingTo sink: inout some TextSink
  ) throws(BootError) -> Bool {
    guard case .deviceTree(let address) = information.board else { return false }
    let tree = try BootStage.firmware(DeviceTree(at: address, in: memory))
    var isUnmapped = false
    var requests = tree.requests
    while let request = requests.next(reportingTo: &sink) {
      guard let range = Self.place(for: request, of: map, avoiding: owners) else {
        sink.write("device tree reserved memory ")
        request.write(to: &sink)
        sink.write(": there is no such room\n")
        continue
      }
      let name = try copy(request.name, in: memory)
      try BootStage.bootPlan(owners.add(range, .loader(.placedMemory(name, request.use))))
      if request.use == .unmapped {
        information.regions.append(MemoryRegion(range: range, kind: .noMap))
        isUnmapped = true
      }
    }
    if nameByteCount > capacity {
      throw .firmware(.namesFull(capacity: capacity, needed: nameByteCount))
    }
    return isUnmapped
  }

  private static func place(
    for request: DeviceTreeRequest<some PhysicalMemoryReader>, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable
  ) -> AddressRange? {
    guard let count = request.allowedRangeCount else {
      return ReservationPlacement.find(
        byteCount: request.byteCount, alignment: request.alignment,
        in: PageRange(0..<PageFrame.end), of: map, avoiding: owners)
    }
    for index in 0..<count {
      guard let pages = request.allowedRange(at: index)?.wholePages,
        let place = ReservationPlacement.find(
          byteCount: request.byteCount, alignment: request.alignment, in: pages, of: map,
          avoiding: owners)
      else { continue }
      return place
    }
    return nil
  }

  /// A copy of a name; one that does not fit is cut off, which becomes an error in the end.
  private mutating func copy(
    _ text: AddressRange, in memory: some PhysicalMemoryReader
  ) throws(BootError) -> MemoryName {
    let start = min(nameByteCount, capacity)
    var end = start
    for offset in 0..<text.byteCount {
      nameByteCount += 1
      guard end < capacity, let address = text.start.advanced(byByteCount: offset) else {
        continue
      }
      unsafe names.initializeElement(at: end, to: memory.byte(at: address) ?? 0)
      end += 1
    }
    return unsafe MemoryName(UnsafeBufferPointer(rebasing: names[start..<end]))
  }
}
