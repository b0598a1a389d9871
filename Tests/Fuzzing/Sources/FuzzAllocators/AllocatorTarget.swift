// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PhysicalMemory

/// Calls of boot memory that the input names, legal and hostile, each judged by an owner map.
@safe struct AllocatorTarget: ~Copyable {
  static let nodeCapacity = 5
  static let memoryPageCount: UInt64 = 512
  static let storage = HostStorage(
    memoryByteCount: Int(memoryPageCount * PageFrame.byteCount),
    largeBitmapByteCount: 1 << 28, nodeCapacity: nodeCapacity)

  var memory: BootMemory
  var map: OwnerMap
  /// The page at which the arena that stands for physical memory begins.
  let base: UInt64
  let maxDMAAddress: UInt64
  let lowAddressLimit: UInt64?
  let cleared = ClearedMemory()
  /// Bitmaps of their own size, so that the sanitizer sees every access beside them.
  var bitmaps: [UnsafeMutableRawBufferPointer] = unsafe []
  var largeBitmapByteCount = 0
  /// Where the last call was.
  var recentPage: UInt64

  static func run(_ input: inout FuzzInput) {
    var target = AllocatorTarget(&input)
    target.makeCalls(&input)
  }

  init(_ input: inout FuzzInput) {
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

  mutating func makeCalls(_ input: inout FuzzInput) {
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

  mutating func makeCall(_ input: inout FuzzInput) {
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

  /// An address near a place where something may go wrong.
  func address(_ input: inout FuzzInput) -> UInt64 {
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

  mutating func range(_ input: inout FuzzInput) -> AddressRange {
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

  func node(_ input: inout FuzzInput) -> NodeID? {
    let byte = input.byte()
    if byte < 128 { return nil }
    return byte == 255 ? NodeID(-1) : NodeID(Int(byte) % (Self.nodeCapacity + 1))
  }
}
