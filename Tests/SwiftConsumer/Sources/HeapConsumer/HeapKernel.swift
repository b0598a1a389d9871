// SPDX-License-Identifier: MIT
import BootMemory
import PageAllocator
import RuntimeHeap

/// What a kernel does once boot memory is set up: it counts words, some of which it keeps beyond the
/// hand-over.
///
/// - Parameters:
///   - memory: Boot memory.
///   - pages: Room for a page allocator.
///   - nodes: Room for its nodes, as many as boot memory has.
/// - Returns: The number of different words.
@c(kernel_use_heap)
public func useHeap(
  memory: UnsafeMutableRawPointer, pages: UnsafeMutableRawPointer, nodes: UnsafeMutableRawPointer
) -> Int {
  let memory = unsafe memory.assumingMemoryBound(to: BootMemory.self)
  let pages = unsafe pages.assumingMemoryBound(to: PageAllocator.self)
  let slots = unsafe UnsafeMutableBufferPointer(
    start: nodes.assumingMemoryBound(to: PageNode.self), count: memory.pointee.nodeCapacity)
  var platform = RuntimeHeapPlatform()
  unsafe platform.fillRandomly = { _, bytes, count in
    unsafe bytes?.initializeMemory(as: UInt8.self, repeating: 1, count: Int(count))
  }
  unsafe RuntimeHeap.start(servedBy: memory, platform: platform)
  let text = "a kernel keeps what a kernel allocates".uppercased()
  let words = text.split(separator: " ").map { "\($0)" }
  do throws(PageAllocatorError) {
    unsafe pages.initialize(to: try PageAllocator(takingOver: &memory.pointee, nodes: slots))
  } catch {
    return 0
  }
  unsafe RuntimeHeap.serve(from: pages)
  var counts: [String: Int] = [:]
  for word in words { counts[word, default: 0] += 1 }
  return counts.count
}
