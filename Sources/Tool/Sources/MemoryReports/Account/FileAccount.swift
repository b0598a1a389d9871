// SPDX-License-Identifier: MIT
import Bootmem
import MapFiles

/// The account of the machine that a file describes, made by the same code as in a kernel, with
/// storage of its own.
///
/// There is an account whatever the file says: what is wrong with the file is among the notes.
@safe public final class FileAccount {
  /// The account.
  public var account: MachineAccount

  /// Remarks on the file and on the machine, each as a sentence.
  public private(set) var notes: [String]

  /// Which memory belongs to which node, as the file or the tables in a dump say; usually empty.
  public let nodes: [NodeMemory]

  /// The memory that is hot-pluggable, in ascending order; usually empty.
  public let hotPluggable: [AddressRange]

  private let storage: UnsafeMutableRawBufferPointer

  /// The room for what ACPI's tables, the BIOS and the kernel hold, and for parts of nodes with a
  /// bitmap each.
  private static let spareOwnerCount = 512 + BootScenario.nodeCapacity

  /// As many entries as the largest table of affinities has, or the largest device tree.
  private static let affinityCapacity = 1 << 18

  /// Makes the account.
  ///
  /// - Parameters:
  ///   - file: What the file says.
  ///   - layout: The nodes, in place of what `file` says of them.
  ///   - commandLine: What to append to the command line that the file has.
  ///   - kernel: Where the kernel lies; nil if unknown, or if the file says it.
  ///   - modules: Where modules lie, in addition to those in the file.
  ///   - reach: The end of the kernel's reach.
  public init(
    of file: MapFile, nodes layout: NodeLayout? = nil, appending commandLine: String = "",
    kernel: AddressRange? = nil, modules: [AddressRange] = [], below reach: PageFrame = .end
  ) {
    let text = Array("\(file.commandLine) \(commandLine)".utf8)
    let given = layout ?? NodeLayout(linesOf: file)
    var capacity = MachineAccount.Capacity()
    // No word of the command line adds more than half a region for each of its bytes, and one with
    // `%` may cut every region twice.
    let cutCount = 2 * text.count { $0 == UInt8(ascii: "%") }
    capacity.regions = (file.entries.count + text.count) * (1 + cutCount)
    capacity.heldRanges = file.heldRanges.count + modules.count + Self.spareOwnerCount
    capacity.owners = capacity.heldRanges + Self.spareOwnerCount
    capacity.affinities = max(given.ranges.count, Self.affinityCapacity)
    capacity.hotPluggableRanges =
      max(given.ranges.count + given.hotPluggable.count, Self.affinityCapacity)
    capacity.nodes = BootScenario.nodeCapacity
    capacity.commandLineByteCount = text.count
    // What a device tree requests: at most one region each, and their names.
    let requests = Self.requests(of: file)
    capacity.regions += requests.count
    capacity.owners += requests.count
    capacity.nameByteCount = requests.nameByteCount
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity.byteCount, alignment: 16)
    guard let start = block.baseAddress else { fatalError("a block of no bytes") }
    var tables = unsafe TableStorage(start: start, end: start + block.count)
    unsafe storage = block

    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: tables.take(count: capacity.regions)),
      heldRanges: OwnedRangeList(storage: tables.take(count: capacity.heldRanges)))
    for region in file.regions { information.regions.append(region) }
    for held in file.heldRanges where held.owner != .badMemory && held.owner != .firstPage {
      // Another kernel lies elsewhere.
      if kernel != nil && (held.owner == .kernelImage || held.owner == .bootStack) { continue }
      information.heldRanges.append(held)
      // Memory that the kernel that printed the file found a place for.
      if case .loader(.placedMemory(_, .unmapped)) = held.owner {
        information.regions.append(MemoryRegion(range: held.range, kind: .noMap))
      }
    }
    let moduleCount = file.heldRanges.count { $0.isModule }
    for (index, module) in modules.enumerated() {
      information.heldRanges.append(module, .loader(.module(moduleCount + index)))
    }
    information.board = file.board
    information.memoryLimitMeaning = file.memoryLimitMeaning
    information.rootPointer = file.rootPointer
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: tables.take(count: capacity.affinities),
        hotPluggable: tables.take(count: capacity.hotPluggableRanges)),
      domains: tables.take(count: capacity.nodes))
    nodes.affinities.append(given)
    var reports = StringSink()
    do throws(BootError) {
      account = unsafe try MachineAccount(
        of: &information,
        commandLine: KernelCommandLine(
          copying: AddressRange(start: 0, byteCount: UInt64(text.count)),
          in: FileMemory(bytes: text, start: 0),
          storage: tables.take(count: capacity.commandLineByteCount)),
        nodes: &nodes, in: file.memory, image: kernel, below: reach,
        map: tables.take(count: 2 * capacity.regions),
        owners: tables.take(count: capacity.owners),
        names: tables.take(count: capacity.nameByteCount), reportingTo: &reports)
    } catch {
      // All tables are large enough, and a device tree has been read before.
      fatalError("a list is full that was made large enough: \(error)")
    }
    let hotPluggable = account.nodes.hotPluggable
    self.hotPluggable = (0..<hotPluggable.count).map { hotPluggable[$0] }
    self.nodes = given.ranges.isEmpty ? nodes.memory(hotPluggable) : given.ranges
    notes = file.notes + (layout?.notes ?? []) + reports.lines
  }

  deinit {
    unsafe storage.deallocate()
  }

  /// The number of ranges that a device tree requests without saying where, and the total length of
  /// their names.
  private static func requests(of file: MapFile) -> (count: Int, nameByteCount: Int) {
    var count = file.heldRanges.count
    var nameByteCount = 0
    guard case .deviceTree(let address) = file.board,
      let tree = try? DeviceTree(at: address, in: file.memory)
    else { return (count, nameByteCount) }
    var requests = tree.requests
    var silence = StringSink()
    while let request = requests.next(reportingTo: &silence) {
      count += 1
      nameByteCount += Int(request.name.byteCount)
    }
    return (count, nameByteCount)
  }

  /// Sets boot memory up, as a kernel does, and adds its reports to the notes.
  ///
  /// - Throws: `BootError.bootPlan` where there is no room for a bitmap, or no memory.
  public func setUpNodes(of memory: inout BootMemory) throws(BootError) {
    var reports = StringSink()
    try memory.setUpNodes(of: &account, reportingTo: &reports)
    notes += reports.lines
  }

  /// The ranges of pages that are usable and have no owner, in ascending order.
  ///
  /// - Parameter isHolder: Whether the memory of an owner counts as held.
  /// - Complexity: O(n log n).
  public func freePages(where isHolder: (MemoryOwner) -> Bool = { _ in true }) -> [PageRange] {
    // To the sanitiser, held memory is memory of a less usable kind.
    let held = holders.filter { isHolder($0.owner) }
      .map { MemoryRegion(range: $0.range, kind: .reserved) }
    let sanitized = SanitizedMap(account.map.regions + held)
    return withExtendedLifetime(sanitized) { Array(sanitized.map.usablePages()) }
  }

  /// The held ranges with their owners, in ascending order.
  ///
  /// - Complexity: O(n log n).
  public var holders: [OwnedRange] {
    (0..<account.owners.count).map { account.owners[$0] }.sorted { $0.range.start < $1.range.start }
  }
}

extension OwnedRange {
  fileprivate var isModule: Bool {
    if case .loader(.module) = owner { true } else { false }
  }
}

extension NodeInformation {
  /// The ranges of all nodes.
  fileprivate func memory(_ hotPluggable: HotPluggableMemory) -> [NodeMemory] {
    (0..<affinities.count).map { index in
      let range = affinities[index].range
      return NodeMemory(
        line: nil, node: affinities[index].node.rawValue,
        proximityDomain: UInt64(proximityDomain(of: affinities[index].node) ?? 0), range: range,
        isHotPluggable: hotPluggable.pages(overlapping: range.touchedPages) != nil)
    }
  }
}

extension MemoryAffinityList {
  fileprivate mutating func append(_ layout: NodeLayout) {
    includeNode(NodeID(layout.nodeCount - 1))
    for memory in layout.ranges {
      append(MemoryAffinity(range: memory.range, node: NodeID(memory.node)))
      if memory.isHotPluggable { appendHotPluggable(memory.range) }
    }
    for range in layout.hotPluggable { appendHotPluggable(range) }
  }
}

extension StringSink {
  /// The lines that were written.
  fileprivate var lines: [String] { text.split(separator: "\n").map(String.init) }
}
