// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import BootPlan
import Firmware
import MapFiles
import MemoryMap
import PhysicalMemory
import TextOutput

/// What boot memory looks like on a machine before its first allocation.
///
/// It is set up here by the code that sets it up in the kernel.
public struct BootPlanReport {
  /// A node, or a part of one whose memory lies on both sides of another node's.
  public struct Node: Equatable, Sendable {
    /// Boot memory's number.
    public var id: NodeID

    /// The number that the firmware gives; another one in a part of a node.
    public var firmwareNode: NodeID

    /// The pages from the first to the last, with the holes between them.
    public var span: PageRange

    /// The pages of the bitmap.
    public var bitmap: PageRange

    /// The number of free pages.
    public var freePageCount: UInt64

    /// The number of usable pages.
    public var usablePageCount: UInt64
  }

  /// The nodes in ascending order of their pages.
  public private(set) var nodes: [Node] = []

  /// Who holds what, the bitmaps included.
  public private(set) var owners: [OwnedRange] = []

  /// What the command line's parameters and the nodes had to say, each as a sentence.
  public private(set) var notes: [String]

  /// The number of usable pages within the kernel's reach.
  public private(set) var usablePageCount: UInt64 = 0

  /// The number of usable pages beyond it.
  public private(set) var beyondReachPageCount: UInt64 = 0

  /// The largest range of free pages, the lowest of several; nil if no page is free.
  public private(set) var largestFreeRange: PageRange?

  /// The memory drawn as characters, with a legend.
  public private(set) var drawing = ""

  /// The number of free pages.
  public var freePageCount: UInt64 { nodes.map(\.freePageCount).reduce(0, +) }

  /// The most nodes, or parts of nodes, that are set up.
  private static let nodeCapacity = 1024

  /// Sets boot memory up for `scenario`.
  ///
  /// - Throws: An error where it cannot be set up there.
  public init(_ scenario: BootScenario) throws(BootScenarioError) {
    let (regions, notes) = scenario.regionsByCommandLine()
    self.notes = notes
    let sanitized = SanitizedMap(regions)
    // The map lies in its storage.
    defer { withExtendedLifetime(sanitized) {} }
    let map = sanitized.map
    try scenario.checkPlaces(in: sanitized)

    let limit = scenario.addressWidth.endPageFrame
    let end = min(map.usableEnd, limit)
    usablePageCount = map.usablePageCount(below: limit)
    beyondReachPageCount = map.usablePageCount(beyond: limit)
    // Physical memory is address space of the host, of which only the bitmaps get touched.
    guard let byteCount = end.firstAddress.flatMap({ Int(exactly: $0.rawValue) }),
      let arena = Arena(byteCount: byteCount)
    else { throw BootScenarioError("too large: this host has not as many addresses left") }
    let nodeStorage = NodeStorage(count: Self.nodeCapacity)
    let ownerStorage = UnsafeMutableBufferPointer<OwnedRange>.allocate(
      capacity: scenario.owners.count + scenario.file.loaderRanges.count + Self.nodeCapacity + 1)
    defer { unsafe ownerStorage.deallocate() }
    let affinities = scenario.affinities
    let affinityStorage = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(
      capacity: affinities.count)
    defer { unsafe affinityStorage.deallocate() }

    var platform = BootMemoryPlatform()
    platform.addressWidth = scenario.addressWidth
    platform.directMapOffset = unsafe UInt(bitPattern: arena.start)
    var memory = unsafe BootMemory(platform: platform, nodes: nodeStorage.nodes)
    var owners = unsafe OwnerTable(storage: ownerStorage)
    var affinityList = unsafe MemoryAffinityList(storage: affinityStorage)
    for affinity in affinities { affinityList.append(affinity) }
    do {
      for owner in scenario.ownersOnEntry { try owners.add(owner.range, owner.owner) }
      var reports = StringSink()
      let nodeMap = try memory.setUpNodes(
        NodeMap(assigning: map, to: &affinityList), below: limit, owners: &owners,
        reportingTo: &reports)
      self.notes += reports.text.split(separator: "\n").map(String.init)
      read(memory, map, nodeMap)
      for index in 0..<owners.count { self.owners.append(owners[index]) }
      var sink = StringSink()
      MapDrawing(end: end, maximumStretchCount: 512).write(map, memory, owners, to: &sink)
      drawing = sink.text
    } catch {
      throw BootScenarioError(Self.text(of: error))
    }
  }

  private mutating func read(_ memory: borrowing BootMemory, _ map: MemoryMap, _ nodes: NodeMap) {
    for number in 0..<memory.nodeCapacity {
      let id = NodeID(number)
      guard let node = memory.node(id), node.isRegistered else { continue }
      let place = nodes.ranges().first { $0.pages.overlaps(node.span) }
      var usable: UInt64 = 0
      for pages in map.usablePages(in: node.span) { usable += pages.pageCount }
      self.nodes.append(
        Node(
          id: id, firmwareNode: place?.node ?? id, span: node.span,
          bitmap: node.bitmapPages, freePageCount: memory.freePageCount(on: id),
          usablePageCount: usable))
      var run = memory.nextFreeRun(on: id)
      while let found = run {
        if found.pageCount > largestFreeRange?.pageCount ?? 0
          || found.pageCount == largestFreeRange?.pageCount
            && found.start < largestFreeRange?.start ?? found.start
        {
          largestFreeRange = found
        }
        run = memory.nextFreeRun(on: id, from: found.end)
      }
    }
    self.nodes.sort { $0.span.start < $1.span.start }
  }

  private static func text(of error: any Error) -> String {
    var sink = StringSink()
    switch error {
    case let error as BootPlanError: error.write(to: &sink)
    case let error as MemoryMapError: error.write(to: &sink)
    default: return "\(error)"
    }
    return sink.text
  }
}
