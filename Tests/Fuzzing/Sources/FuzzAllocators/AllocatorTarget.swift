// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PhysicalMemory

/// Calls of boot memory that the input names, legal and hostile, each judged by an owner map.
@safe struct AllocatorTarget: ~Copyable {
  private static let nodeCapacity = 5
  private static let memoryPageCount: UInt64 = 512
  private static let storage = HostStorage(
    memoryByteCount: Int(memoryPageCount * PageFrame.byteCount),
    largeBitmapByteCount: 1 << 28, nodeCapacity: nodeCapacity)

  private var memory: BootMemory
  private var map: OwnerMap
  /// The page at which the arena that stands for physical memory begins.
  private let base: UInt64
  private let maxDMAAddress: UInt64
  private let lowAddressLimit: UInt64?
  private let cleared = ClearedMemory()
  /// Bitmaps of their own size, so that the sanitizer sees every access beside them.
  private var bitmaps: [UnsafeMutableRawBufferPointer] = unsafe []
  private var largeBitmapByteCount = 0
  /// Where the last call was.
  private var recentPage: UInt64

  static func run(_ input: inout FuzzInput) {
    var target = AllocatorTarget(&input)
    target.makeCalls(&input)
  }

  private init(_ input: inout FuzzInput) {
    let flags = input.byte()
    let width: AddressWidth = flags & 1 == 0 ? .bits64 : .bits32
    let endPage = width.endPageFrame.number
    base =
      switch flags >> 1 & 3 {
      case 0: 0
      case 1: endPage - Self.memoryPageCount
      case 2: min(input.magnitude(upToBits: 52), endPage - Self.memoryPageCount)
      default: UInt64(input.byte())
      }
    var platform = BootMemoryPlatform()
    platform.addressWidth = width
    platform.keepsBitmapsReserved = flags & 8 == 0
    let start = unsafe UInt(bitPattern: Self.storage.memory.baseAddress)
    platform.directMapOffset = start &- UInt(base << PageFrame.byteCountShift)
    maxDMAAddress = flags & 16 == 0 ? (base + 64) << PageFrame.byteCountShift : 0x100_0000
    platform.maxDMAAddress = PhysicalAddress(maxDMAAddress)
    lowAddressLimit = flags & 32 == 0 ? (base + 128) << PageFrame.byteCountShift : nil
    platform.lowAddressLimit = lowAddressLimit.map { PhysicalAddress($0) }
    platform.cacheLineByteCount = flags & 64 == 0 ? 64 : 32
    platform.maxDMA32PageFrame = flags & 128 == 0 ? PageFrame(base + 100) : nil
    unsafe platform.context = cleared.context
    unsafe platform.clear = ClearedMemory.clear
    memory = unsafe BootMemory(platform: platform, nodes: Self.storage.nodes)
    map = OwnerMap(
      nodeCapacity: Self.nodeCapacity, endPage: endPage,
      keepsBitmapsReserved: platform.keepsBitmapsReserved)
    recentPage = base
  }

  deinit {
    unsafe bitmaps.forEach { unsafe $0.deallocate() }
  }

  private mutating func makeCalls(_ input: inout FuzzInput) {
    let nodeCount = 1 + input.number(upTo: 3)
    for number in 0..<nodeCount {
      register(NodeID((number * 3 + 1) % Self.nodeCapacity), &input)
    }
    // At first what a kernel does: the usable ranges.
    for node in map.nodes where !node.pages.isEmpty && input.byte() & 1 == 0 {
      free(AddressRange(PageRange(node.pages)), node.pages, nil)
    }
    var callCount = 0
    while !input.isAtEnd {
      makeCall(&input)
      callCount += 1
      if callCount & 7 == 0 { judgeState() }
    }
    judgeState()
    handOver(&input)
  }

  private mutating func makeCall(_ input: inout FuzzInput) {
    switch input.number(upTo: 31) {
    case 0..<14: allocate(&input)
    case 14..<19: free(&input)
    case 19..<24: reserve(&input)
    case 24..<27: shorthand(&input)
    case 27: register(node(&input) ?? NodeID(0), &input)
    case 28: hostileRegister(&input)
    case 29:
      let end: UInt64? = input.oneIn(2) ? nil : address(&input)
      map.mappedEnd = end
      memory.mappedEnd = end.map { PhysicalAddress($0) }
    case 30: lateRelease(&input)
    default: judgeCounts(&input)
    }
  }

  // MARK: Places

  /// An address near a place where something may go wrong.
  private func address(_ input: inout FuzzInput) -> UInt64 {
    let selector = input.byte()
    let places = map.nodes.isEmpty ? [base..<base + 1] : map.nodes.map(\.pages)
    let node = places[Int(selector >> 4) % places.count]
    var page: UInt64 =
      switch selector & 7 {
      case 0: node.lowerBound &+ UInt64(input.byte())
      case 1: node.upperBound &- UInt64(input.byte() & 31) &+ 3
      case 2, 3: recentPage &+ UInt64(input.byte() & 31) &- 8
      case 4: node.lowerBound &+ input.magnitude(upToBits: 40)
      case 5:
        (node.lowerBound &+ input.magnitude(upToBits: 40)) & ~31 &+ UInt64(input.byte() & 3) &- 1
      case 6: input.number(UInt64.self) >> PageFrame.byteCountShift
      default: recentPage
      }
    page &= PageFrame.end.number - 1
    let byte = selector & 8 == 0 ? 0 : UInt64(input.number(UInt16.self)) % PageFrame.byteCount
    return page << PageFrame.byteCountShift + byte
  }

  private mutating func range(_ input: inout FuzzInput) -> AddressRange {
    let start = address(&input)
    let byteCount: UInt64 =
      switch input.number(upTo: 5) {
      case 0: UInt64(input.byte()) << PageFrame.byteCountShift
      case 1: UInt64(input.number(UInt16.self)) % (2 * PageFrame.byteCount)
      case 2: input.magnitude(upToBits: 64)
      case 3: input.magnitude(upToBits: 45) & ~(PageFrame.byteCount - 1)
      case 4: PageFrame.byteCount
      default: 0
      }
    let range = AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount)
    recentPage = start >> PageFrame.byteCountShift
    return range
  }

  private func node(_ input: inout FuzzInput) -> NodeID? {
    let byte = input.byte()
    if byte < 128 { return nil }
    return byte == 255 ? NodeID(-1) : NodeID(Int(byte) % (Self.nodeCapacity + 1))
  }

  // MARK: Calls

  /// Judges what a call threw by what it was to throw, and after a refusal that nothing changed.
  private mutating func judgeError(
    _ name: @autoclosure () -> String, _ expected: BootMemoryError?,
    _ call: (inout BootMemory) throws(BootMemoryError) -> Void
  ) {
    note("\(name()): \(expected.map { "\($0)" } ?? "")")
    do throws(BootMemoryError) {
      try call(&memory)
      judge(expected == nil, "\(name()) did not throw \(expected!)")
    } catch {
      judge(error == expected, "\(name()) threw \(error), not \(expected as Any)")
      judgeState()
    }
  }

  private mutating func register(_ id: NodeID, _ input: inout FuzzInput) {
    let flags = input.byte()
    let previous = map.nodes.last?.pages.upperBound ?? base
    let start =
      flags & 3 == 0
      ? address(&input) >> PageFrame.byteCountShift
      : previous &+ (flags & 3 == 1 ? 0 : UInt64(input.byte()))
    var count: UInt64 =
      flags & 12 == 12 ? input.magnitude(upToBits: 31) : UInt64(input.byte())
    count = min(count, PageFrame.end.number - min(start, PageFrame.end.number))
    let pages = start..<start + count
    let span = PageRange(pages)
    let byteCount = Int(BootMemory.bitmapByteCount(forPageCount: count))
    var expected = map.refusal(ofNode: id, pages)
    if flags & 16 != 0 {
      // In pages, which the hand-over releases.
      let pageCount = BootMemory.bitmapPageCount(forPageCount: count)
      guard pageCount <= Self.memoryPageCount else { return }
      let place = base + UInt64(input.number(UInt16.self)) % (Self.memoryPageCount - pageCount + 1)
      // A pointer to address 0 is none.
      let bitmapPages = place..<place + pageCount
      let errors = map.overlaps(pages, bitmapPages: bitmapPages)
      if expected == nil { expected = errors.first }
      judgeError("register \(id) \(pages) \(bitmapPages)", expected) {
        memory throws(BootMemoryError) in
        _ = try memory.registerNode(id, spanning: span, bitmapAt: PageFrame(place))
      }
      if expected == nil { map.register(id, pages, bitmapPages: bitmapPages) }
    } else {
      guard let bitmap = unsafe bitmap(byteCount, filling: flags) else { return }
      if expected == nil { expected = map.overlaps(pages, bitmapPages: 0..<0).first }
      judgeError("register \(id) \(pages)", expected) { memory throws(BootMemoryError) in
        _ = try unsafe memory.registerNode(id, spanning: span, bitmap: bitmap)
      }
      if expected == nil { map.register(id, pages, bitmapPages: 0..<0) }
    }
  }

  /// Memory of any content; nil where there is none left.
  private mutating func bitmap(_ byteCount: Int, filling: UInt8) -> UnsafeMutableRawBufferPointer? {
    if byteCount <= 1 << 14 {
      let bitmap = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
      unsafe bitmap.initializeMemory(as: UInt8.self, repeating: filling)
      unsafe bitmaps.append(bitmap)
      return unsafe bitmap
    }
    let start = largeBitmapByteCount
    guard unsafe byteCount <= Self.storage.largeBitmaps.count - start else { return nil }
    // A bitmap begins at a multiple of 8.
    largeBitmapByteCount += (byteCount + 7) & ~7
    return unsafe UnsafeMutableRawBufferPointer(
      rebasing: Self.storage.largeBitmaps[start..<start + byteCount])
  }

  /// Nodes whose bitmap's memory is too small, or lies where none can.
  private mutating func hostileRegister(_ input: inout FuzzInput) {
    guard !map.isHandedOver,
      let id = (0..<Self.nodeCapacity).map({ NodeID($0) })
        .first(where: { id in !map.nodes.contains { $0.id == id } })
    else { return }
    let start = (map.nodes.last?.pages.upperBound ?? base) &+ 7
    let count = 1 + input.magnitude(upToBits: 20)
    guard start + count <= map.endPage else { return }
    let byteCount = BootMemory.bitmapByteCount(forPageCount: count)
    let memory = unsafe Self.storage.largeBitmaps
    let span = PageRange(start..<start + count)
    let given: UnsafeMutableRawBufferPointer
    let expected: BootMemoryMisuse
    switch input.number(upTo: 2) {
    case 0:
      let size = byteCount - 1 - UInt64(input.byte()) % byteCount
      unsafe given = UnsafeMutableRawBufferPointer(rebasing: memory[..<Int(size)])
      expected = .bitmapTooSmall(byteCount: size, requiredByteCount: byteCount)
    case 1:
      unsafe given = UnsafeMutableRawBufferPointer(rebasing: memory[1...])
      expected = .bitmapMisplaced(UInt(bitPattern: given.baseAddress))
    default:
      unsafe given = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      expected = .bitmapTooSmall(byteCount: 0, requiredByteCount: byteCount)
    }
    judgeError("register with a wrong bitmap", .misuse(expected)) {
      memory throws(BootMemoryError) in
      _ = try unsafe memory.registerNode(id, spanning: span, bitmap: given)
    }
  }

  private mutating func free(_ input: inout FuzzInput) {
    let range = range(&input)
    let node = node(&input)
    if input.oneIn(3) {
      free(nil, range.touchedPages.numbers, node)
    } else {
      free(range, range.wholePages?.numbers, node)
    }
  }

  /// Frees a range with these whole pages, or the pages alone.
  private mutating func free(_ range: AddressRange?, _ pages: Range<UInt64>?, _ node: NodeID?) {
    let start = range?.start ?? pages.flatMap { PageFrame($0.lowerBound).firstAddress }
    let end = range?.roundedUpEnd.number ?? pages?.upperBound ?? 0
    var expected: BootMemoryError?
    if map.isHandedOver {
      expected = .handedOver
    } else if end > map.endPage {
      expected = .misuse(.beyondAddressSpace(start ?? PhysicalAddress(.max)))
    } else if range != nil || pages?.isEmpty == false {
      expected = map.free(pages ?? 0..<0, node)
    }
    judgeError("free \(range as Any) \(pages as Any) \(node as Any)", expected) {
      memory throws(BootMemoryError) in
      if let range {
        try memory.free(range, on: node)
      } else if let pages {
        try memory.free(PageRange(pages), on: node)
      }
    }
  }

  private mutating func reserve(_ input: inout FuzzInput) {
    let range = range(&input)
    let node = node(&input)
    let exclusively = input.oneIn(2)
    let isOfPages = input.oneIn(3)
    let pages = range.touchedPages.numbers
    var expected: BootMemoryError?
    if map.isHandedOver {
      expected = .handedOver
    } else if pages.upperBound > map.endPage || range.roundedUpEnd.number > map.endPage {
      let start = PageFrame(pages.lowerBound).firstAddress ?? PhysicalAddress(.max)
      expected = .misuse(.beyondAddressSpace(isOfPages ? start : range.start))
    } else if !pages.isEmpty,
      isOfPages || !range.isEmpty || map.takesNotice(ofPage: pages.lowerBound, node)
    {
      expected = map.reserve(pages, node, exclusively: exclusively)
    }
    judgeError("reserve \(range) \(node as Any) \(exclusively) \(isOfPages)", expected) {
      memory throws(BootMemoryError) in
      if isOfPages {
        try memory.reserve(PageRange(pages), on: node, exclusively: exclusively)
      } else {
        try memory.reserve(range, on: node, exclusively: exclusively)
      }
    }
  }

  private mutating func allocate(_ input: inout FuzzInput) {
    let shape = input.byte()
    let byteCount: UInt64 =
      switch shape & 7 {
      case 0, 1: UInt64(input.byte())
      case 2: UInt64(input.number(UInt16.self)) % (2 * PageFrame.byteCount)
      case 3: PageFrame.byteCount
      case 4: PageFrame.byteCount * UInt64(input.byte() & 15)
      case 5: PageFrame.byteCount * UInt64(input.byte())
      case 6: input.magnitude(upToBits: 44)
      default: input.number(UInt64.self)
      }
    let alignment: UInt64 =
      switch shape >> 3 & 3 {
      case 0: 0
      case 1: PageFrame.byteCount
      case 2: 1 << UInt64(input.byte() & 63)
      default: input.oneIn(8) ? UInt64(input.byte()) : 8
      }
    let goal = shape & 32 == 0 ? 0 : address(&input)
    let limit = shape & 64 == 0 ? nil : address(&input)
    let node = shape & 128 == 0 ? nil : self.node(&input)
    let policy: AllocationRequest.NodePolicy =
      node == nil ? .preferred : [.preferred, .only, .high][input.number(upTo: 2)]
    allocate(
      AllocationRequest(
        byteCount: byteCount, alignment: alignment, goal: .address(PhysicalAddress(goal)),
        limit: limit.map { .address(PhysicalAddress($0)) } ?? .none, node: node,
        nodePolicy: policy, clearsMemory: byteCount & 1 == 0),
      goal: goal, limit: limit)
  }

  private mutating func shorthand(_ input: inout FuzzInput) {
    let byteCount = input.magnitude(upToBits: 20)
    let kind = input.byte()
    let isLow = kind & 1 != 0
    var request: AllocationRequest =
      switch kind & 3 {
      case 0: .cacheLines(byteCount: byteCount)
      case 1: .low(byteCount: byteCount)
      case 2: .pages(byteCount: byteCount)
      default: .lowPages(byteCount: byteCount)
      }
    if let node = node(&input) {
      request = request.on(node, policy: [.preferred, .only, .high][Int(kind >> 2) % 3])
    }
    allocate(request, goal: isLow ? 0 : maxDMAAddress, limit: isLow ? lowAddressLimit : nil)
  }

  private mutating func allocate(_ request: AllocationRequest, goal: UInt64, limit: UInt64?) {
    let cacheLine = memory.platform.cacheLineByteCount
    let resolved = OwnerMap.Request(
      byteCount: request.byteCount,
      alignment: request.alignment == 0 ? cacheLine : request.alignment, goal: goal, limit: limit,
      node: request.node, policy: request.nodePolicy)
    let refusal = map.refusal(of: resolved)
    note("\(resolved): \(refusal.map { "\($0)" } ?? "")")
    cleared.call = nil
    do throws(BootMemoryError) {
      let address = try memory.allocate(request).rawValue
      judge(refusal == nil, "\(request) gave \(address), not \(refusal!)")
      map.allocate(address, for: resolved)
      recentPage = address >> PageFrame.byteCountShift
      let start = UInt(address) &+ memory.platform.directMapOffset
      let expected: ClearedMemory.Call? =
        request.clearsMemory
        ? ClearedMemory.Call(start: start, byteCount: UInt(request.byteCount)) : nil
      judge(cleared.call == expected, "\(request) cleared \(cleared.call as Any)")
    } catch {
      let expected = refusal ?? .outOfMemory(byteCount: request.byteCount)
      judge(error == expected, "\(request) threw \(error), not \(expected)")
      judge(cleared.call == nil, "\(request) threw and cleared")
      if refusal == nil { map.judgeFailure(resolved) }
      judgeState()
    }
  }

  private mutating func lateRelease(_ input: inout FuzzInput) {
    let range = range(&input)
    guard map.isHandedOver else {
      return judgeError("release late", .misuse(.notHandedOver)) { memory throws(BootMemoryError) in
        _ = try memory.releaseLate(range) { _ in judge(false, "released") }
      }
    }
  }

  // MARK: Judging as a whole

  /// Every page is free or reserved as the owner map has it; the bitmaps are given away at last.
  private func judgeState() {
    guard !map.isHandedOver else { return }
    for node in map.nodes {
      var page = PageFrame(0)
      for expected in node.free.runs {
        let run = memory.nextFreeRun(on: node.id, from: page)?.numbers
        judge(run == expected, "node \(node.id) has \(run as Any) free, not \(expected)")
        page = PageFrame(expected.upperBound)
      }
      let rest = memory.nextFreeRun(on: node.id, from: page)
      judge(rest == nil, "node \(node.id) has \(rest!.numbers) free, which is not")
    }
  }

  private mutating func judgeCounts(_ input: inout FuzzInput) {
    let sum = map.nodes.reduce(0) { $0 + $1.free.count }
    let count = memory.freePageCount()
    judge(count == sum, "\(count) pages are free, not \(sum)")
    let page = address(&input) >> PageFrame.byteCountShift
    let node = map.nodes.first { $0.pages.contains(page) }
    let isReserved = memory.isReserved(PageFrame(page))
    judge(
      isReserved == node.map { $0.free.first(in: page..<page + 1) == nil },
      "\(page) is reserved: \(isReserved as Any)")
  }

  /// Every free page, and those of the bitmaps, is handed over once; nothing else is.
  private mutating func handOver(_ input: inout FuzzInput) {
    judgeError("hand over", .misuse(.orderOutOfRange(52))) { memory throws(BootMemoryError) in
      _ = try memory.handOver(maximumOrder: 52) { _ in judge(false, "handed over") }
    }
    // By single pages it would take too long where many are free.
    let sum = map.nodes.reduce(0) { $0 + $1.free.count }
    let order = max(Int(input.byte()) % 52, 52 - sum.leadingZeroBitCount)
    var released = PageRuns()
    var count: UInt64 = 0
    var place: (node: Int, part: Int, end: UInt64) = (0, 0, 0)
    let nodes = map.nodes
    judgeError("hand over", nil) { memory throws(BootMemoryError) in
      let returned = try memory.handOver(maximumOrder: order) { block in
        let first = block.first.number
        let pages = first..<first + block.pageCount
        judge(block.order <= order, "\(block) is too large")
        judge(first % block.pageCount == 0, "\(block) is not aligned")
        judge(released.first(in: pages) == nil, "\(block) is released twice")
        released.insert(pages)
        count += block.pageCount
        guard let index = nodes.firstIndex(where: { $0.id == block.node }) else {
          return judge(false, "\(block) is of no node")
        }
        // The free pages first, then those of the bitmap.
        let part = nodes[index].bitmapPages.overlaps(pages) ? 1 : 0
        judge(place <= (index, part, first), "\(block) comes too late")
        place = (index, part, pages.upperBound)
      }
      judge(returned == count, "\(returned) pages, but \(count) released")
    }
    var expected = PageRuns()
    for node in nodes {
      for run in node.free.runs { expected.insert(run) }
      expected.insert(node.bitmapPages)
    }
    judge(released == expected, "released \(released.runs), not \(expected.runs)")
    map.isHandedOver = true
    for _ in 0..<3 { makeCallAfterHandOver(&input) }
    judgeError("hand over again", nil) { memory throws(BootMemoryError) in
      let again = try memory.handOver(maximumOrder: order) { _ in judge(false, "released again") }
      judge(again == 0, "\(again) pages handed over again")
    }
  }

  private mutating func makeCallAfterHandOver(_ input: inout FuzzInput) {
    let range = AddressRange(
      start: PhysicalAddress(recentPage << PageFrame.byteCountShift), clampingByteCount: 0x1800)
    judgeAfterHandOver { memory throws(BootMemoryError) in try memory.free(range) }
    judgeAfterHandOver { memory throws(BootMemoryError) in try memory.reserve(range) }
    judgeAfterHandOver { memory throws(BootMemoryError) in
      _ = try memory.allocate(.pages(byteCount: 1))
    }
    let isBeyond = range.roundedUpEnd.number > map.endPage
    let error = BootMemoryError.misuse(.beyondAddressSpace(range.start))
    judgeError("release late", isBeyond ? error : nil) { memory throws(BootMemoryError) in
      var pages = PageRuns()
      let count = try memory.releaseLate(range) { block in
        pages.insert(block.first.number..<block.first.number + block.pageCount)
      }
      let whole = range.wholePages?.numbers
      judge(count == pages.count, "\(count) pages, but \(pages.count) released late")
      judge(
        pages.runs == (whole.map { $0.isEmpty ? [] : [$0] } ?? []),
        "\(pages.runs), not \(whole as Any)")
    }
  }

  private mutating func judgeAfterHandOver(
    _ call: (inout BootMemory) throws(BootMemoryError) -> Void
  ) {
    do throws(BootMemoryError) {
      try call(&memory)
      judge(false, "a call after the hand-over was served")
    } catch {
      judge(error == .handedOver, "after the hand-over: \(error)")
    }
  }
}
