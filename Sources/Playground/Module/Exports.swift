// SPDX-License-Identifier: MIT
import BootMemory
import CPlayground
import PhysicalMemory
import RuntimeHeap

/// What the page calls.
///
/// A request is text: a line with its name and arguments, then its data.  The answer is JSON, see
/// ``Playground/answer(to:)``.
private enum Module {
  // The module runs in one thread, and the page makes one call at a time.
  static nonisolated(unsafe) var playground = Playground()
  static nonisolated(unsafe) var request: UnsafeMutableBufferPointer<UInt8>?
  static nonisolated(unsafe) var answer: UnsafeMutableBufferPointer<UInt8>?
}

/// Makes the module's own heap: this package's, on boot memory that has all memory of the module.
///
/// The first page has boot memory itself, the second its node, and the pages behind it the bitmap.
@c public func playground_start() {
  let start = unsafe UInt(bitPattern: playground_memory_start())
  let range = AddressRange(
    start: PhysicalAddress(UInt64(start)), end: PhysicalAddress(UInt64(playground_memory_end())))
  guard let pages = range?.wholePages, let first = pages.start.firstAddress,
    let place = unsafe UnsafeMutableRawPointer(bitPattern: UInt(first.rawValue))
  else { fatalError("the module has no memory") }
  let byteCount = Int(PageFrame.byteCount)
  let memory = unsafe place.assumingMemoryBound(to: BootMemory.self)
  let node = unsafe (place + byteCount).assumingMemoryBound(to: BootMemoryNode.self)
  unsafe memory.initialize(
    to: BootMemory(
      platform: BootMemoryPlatform(), nodes: UnsafeMutableBufferPointer(start: node, count: 1)))
  do throws(BootMemoryError) {
    let bitmap = PageFrame(pages.start.number + 2)
    let byteCount = unsafe try memory.pointee.registerNode(
      NodeID(0), spanning: pages, bitmapAt: bitmap)
    let free = PageFrame(bitmap.number + PageFrame.pageCount(holdingByteCount: byteCount))
    unsafe try memory.pointee.free(PageRange(free..<pages.end), on: NodeID(0))
  } catch {
    fatalError("the module's memory is too small")
  }
  var platform = RuntimeHeapPlatform()
  // The seed of hash values: those who choose keys here can slow down only their own browser.
  unsafe platform.fillRandomly = { _, memory, byteCount in
    unsafe memory?.initializeMemory(
      as: UInt8.self, repeating: 0x5a, count: Int(bitPattern: byteCount))
  }
  unsafe RuntimeHeap.start(servedBy: Placed(memory), platform: platform)
}

/// Makes room for a request of `byteCount` bytes.
@c public func playground_request(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
  unsafe Module.request?.deallocate()
  unsafe Module.request = .allocate(capacity: byteCount)
  return unsafe Module.request?.baseAddress
}

/// Does what the request says.
///
/// - Returns: The size of the answer.
@c public func playground_answer() -> Int {
  let request = unsafe Module.request.map { unsafe Array($0) } ?? []
  let text = unsafe Module.playground.answer(to: request).text.utf8
  unsafe Module.answer?.deallocate()
  let answer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
  _ = unsafe answer.initialize(from: text)
  unsafe Module.answer = unsafe answer
  return text.count
}

/// The answer's first byte.
@c public func playground_bytes() -> UnsafeMutablePointer<UInt8>? {
  unsafe Module.answer?.baseAddress
}
