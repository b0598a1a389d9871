// SPDX-License-Identifier: MIT
import Bootmem
import MapFiles
import TraceReplay

/// What boot memory looks like on a machine before its first allocation.
///
/// It is set up by the same code as in the kernel.
public struct BootPlanReport {
  /// A node, or a part of one whose memory lies on both sides of another node's.
  public struct Node: Equatable, Sendable {
    /// The number of the node in boot memory.
    public var id: NodeID

    /// The number that the firmware gives; it differs from `id` in a part of a node.
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

  /// The account of the machine; the names of owners lie in its storage.
  private let account: FileAccount

  /// The nodes in ascending order of their pages.
  public private(set) var nodes: [Node] = []

  /// The held ranges with their owners, bitmaps included, in ascending order.
  public let owners: [OwnedRange]

  /// The memory that is hot-pluggable, in ascending order.
  public let hotPluggable: [AddressRange]

  /// Remarks on the file and on the machine, each as a sentence.
  public let notes: [String]

  /// The number of usable pages within the kernel's reach.
  public private(set) var usablePageCount: UInt64 = 0

  /// The number of usable pages beyond it.
  public private(set) var beyondReachPageCount: UInt64 = 0

  /// The largest range of free pages, the lowest of several; nil if no page is free.
  public private(set) var largestFreeRange: PageRange?

  /// The memory drawn as characters, with a legend.
  public private(set) var drawing = ""

  /// The number of free pages.
  public var freePageCount: UInt64 { nodes.map { $0.freePageCount }.reduce(0, +) }

  /// Sets boot memory up for `scenario`.
  ///
  /// - Throws: An error if boot memory cannot be set up there.
  public init(_ scenario: BootScenario) throws(BootScenarioError) {
    let account = FileAccount(
      of: scenario.file, nodes: scenario.nodes, appending: scenario.commandLine,
      kernel: scenario.kernel, modules: scenario.modules, below: scenario.reach)
    self.account = account
    let map = account.account.map
    try scenario.checkPlaces(in: map)

    let end = min(map.usableEnd, scenario.reach)
    usablePageCount = map.usablePageCount(below: scenario.reach)
    beyondReachPageCount = map.usablePageCount(beyond: scenario.reach)
    // Physical memory is address space of the host, where only the bitmaps are touched.
    guard let byteCount = end.firstAddress.flatMap({ Int(exactly: $0.rawValue) }),
      let arena = Arena(byteCount: byteCount)
    else { throw BootScenarioError("too large: this host has not as many addresses left") }
    let nodeStorage = NodeStorage(
      count: scenario.file.kernel?.nodeCapacity ?? BootScenario.nodeCapacity)

    var platform = BootMemoryPlatform()
    platform.addressWidth = scenario.addressWidth
    platform.directMapOffset = unsafe UInt(bitPattern: arena.start)
    var memory = unsafe BootMemory(platform: platform, nodes: nodeStorage.nodes)
    do throws(BootError) {
      try account.setUpNodes(of: &memory)
      try BootStage.bootMemory(
        account.reserveBadMemory(of: scenario.file, in: &memory))
    } catch {
      var sink = StringSink()
      error.write(to: &sink)
      throw BootScenarioError(sink.text)
    }
    notes = account.notes
    owners = account.holders
    hotPluggable = account.hotPluggable
    read(memory, map, account.account.nodes)
    var sink = StringSink()
    MapDrawing(end: end, maximumStretchCount: 512)
      .write(map, memory, account.account.owners, to: &sink)
    drawing = sink.text
  }

  /// The pages kept for a node's bitmap, which may be larger in a 32-bit kernel than on this host.
  private func bitmap(of node: NodeID) -> PageRange? {
    owners.first { $0.owner == .bitmap(node) }?.range.touchedPages
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
          bitmap: bitmap(of: id) ?? node.bitmapPages, freePageCount: memory.freePageCount(on: id),
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
}

extension FileAccount {
  /// Reserves the bad memory that a test found, which the kernel ran once the nodes were set up.
  fileprivate func reserveBadMemory(
    of file: MapFile, in memory: inout BootMemory
  ) throws(BootMemoryError) {
    for bad in file.heldRanges where bad.owner == .badMemory {
      try memory.reserve(bad.range)
      account.owners.note(bad)
    }
  }
}
