// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// Boot memory on a machine with several nodes: each one by itself, and what happens when one is full.
struct NodeDemonstration {
  let nodes: NodeMap

  private static let onePage = AllocationRequest(
    byteCount: PageFrame.byteCount, alignment: PageFrame.byteCount, goal: .none)

  /// Shows each node, allocates on each, and falls back from a full one.
  func run(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    console.write("nodes:\n")
    var last: NodeID?
    var count = 0
    for number in 0..<nodes.nodeCount {
      let node = NodeID(number)
      guard let known = memory.node(node), known.isRegistered else {
        Self.name(node, &console)
        console.write(": no memory within reach\n")
        continue
      }
      try show(node, known, memory: &memory, owners: &owners, console: &console)
      last = node
      count += 1
    }
    if let last, count > 1 { try fill(last, of: &memory, owners: &owners, console: &console) }
  }

  private func show(
    _ node: NodeID, _ known: BootMemoryNode, memory: inout RecordedMemory,
    owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    Self.name(node, &console)
    console.write(": pages ")
    Self.write(known.span, &console)
    console.write(", free ")
    console.write(byteCount: memory.base.freePageCount(on: node) * PageFrame.byteCount)
    if !known.bitmapPages.isEmpty {
      console.write(", bitmap ")
      Self.write(known.bitmapPages, &console)
    }
    let request = Self.onePage.on(node, policy: .only)
    guard
      let page = try memory.allocateIfThereIsRoom(request, as: "page of a node", in: &owners)
    else {
      console.write(", no page is free\n")
      return
    }
    console.write(", a page at 0x")
    console.write(hexadecimal: page.rawValue, minimumDigitCount: 8)
    console.write("\n")
    guard known.span.contains(page.pageFrame) else {
      throw .broken("an allocation for one node only lies in another")
    }
    guard MemoryProbe.isClear(at: page, byteCount: PageFrame.byteCount),
      MemoryProbe.fill(at: page, byteCount: PageFrame.byteCount)
    else { throw .broken("memory of a node is not clear, or does not keep what is written to it") }
  }

  /// Takes all of a node's memory: an allocation that prefers it then comes from another one, and one
  /// that insists on it fails.  Afterwards the node is as before.
  private func fill(
    _ node: NodeID, of memory: inout RecordedMemory, owners: inout OwnerTable,
    console: inout Console
  ) throws(KernelError) {
    var taken = InlineArray<64, PageRange?>(repeating: nil)
    var count = 0
    while let run = memory.nextFreeRun(on: node), count < taken.count {
      try mark(run, free: false, on: node, of: &memory)
      taken[count] = run
      count += 1
    }
    defer { for index in 0..<count { restore(taken[index], on: node, of: &memory) } }
    Self.name(node, &console)
    guard memory.base.freePageCount(on: node) == 0 else {
      console.write(": in too many pieces to be filled\n")
      return
    }
    let page = try memory.allocateIfThereIsRoom(
      Self.onePage.on(node), as: "page from elsewhere", in: &owners)
    if let page {
      console.write(" is full: a page that prefers it comes from elsewhere, at 0x")
      console.write(hexadecimal: page.rawValue, minimumDigitCount: 8)
      guard memory.node(node)?.span.contains(page.pageFrame) == false else {
        throw .broken("a page was allocated on a node that is full")
      }
    } else {
      console.write(" is full, as is every other node")
    }
    console.write("; one that needs it: ")
    do {
      _ = try memory.allocate(Self.onePage.on(node, policy: .only))
    } catch {
      error.write(to: &console)
      console.write("\n")
      guard case .outOfMemory = error else { throw .bootMemory(error) }
      return
    }
    throw .broken("a full node gave a page")
  }

  private func restore(_ run: PageRange?, on node: NodeID, of memory: inout RecordedMemory) {
    // What was reserved above can be freed.
    if let run { try? mark(run, free: true, on: node, of: &memory) }
  }

  private func mark(
    _ run: PageRange, free: Bool, on node: NodeID, of memory: inout RecordedMemory
  ) throws(KernelError) {
    guard let range = AddressRange(run) else { return }
    do {
      if free {
        try memory.free(range, on: node)
      } else {
        try memory.reserve(range, on: node, exclusively: true)
      }
    } catch {
      throw .bootMemory(error)
    }
  }

  private static func name(_ node: NodeID, _ console: inout Console) {
    console.write("  node ")
    console.write(decimal: node.rawValue.magnitude)
  }

  private static func write(_ pages: PageRange, _ console: inout Console) {
    console.write(hexadecimal: pages.start.number)
    console.write("-")
    // Spans with memory and bitmaps are never empty.
    console.write(hexadecimal: pages.end.number - 1)
  }
}
