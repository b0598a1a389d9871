// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PhysicalMemory

/// The calls, each judged by what the owner map says that it does.
extension AllocatorTarget {
  /// Judges what a call threw by what it was to throw, and after a refusal that nothing changed.
  mutating func judgeError(
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

  mutating func register(_ id: NodeID, _ input: inout FuzzInput) {
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
  mutating func bitmap(_ byteCount: Int, filling: UInt8) -> UnsafeMutableRawBufferPointer? {
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
  mutating func hostileRegister(_ input: inout FuzzInput) {
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

  mutating func free(_ input: inout FuzzInput) {
    let range = range(&input)
    let node = node(&input)
    if input.oneIn(3) {
      free(nil, range.touchedPages.numbers, node)
    } else {
      free(range, range.wholePages?.numbers, node)
    }
  }

  /// Frees a range with these whole pages, or the pages alone.
  mutating func free(_ range: AddressRange?, _ pages: Range<UInt64>?, _ node: NodeID?) {
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

  mutating func reserve(_ input: inout FuzzInput) {
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

  mutating func allocate(_ input: inout FuzzInput) {
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

  mutating func shorthand(_ input: inout FuzzInput) {
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

  mutating func allocate(_ request: AllocationRequest, goal: UInt64, limit: UInt64?) {
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

  mutating func lateRelease(_ input: inout FuzzInput) {
    let range = range(&input)
    guard map.isHandedOver else {
      return judgeError("release late", .misuse(.notHandedOver)) { memory throws(BootMemoryError) in
        _ = try memory.releaseLate(range) { _ in judge(false, "released") }
      }
    }
  }
}
