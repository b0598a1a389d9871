// SPDX-License-Identifier: MIT
import Foundation
import PageAllocator
import PageCaches
import PhysicalMemory
import TestSupport
import Testing

/// Processors that are threads.  Each stamps the pages it gets, looks at the stamp before it gives
/// one up, and frees pages that others allocated.
///
/// What `scripts/test` runs with the thread sanitizer, which sees every stamp and every word of the
/// caches and of the page allocator: a page that two have, or a cache that two change, is a race.
@Suite(.serialized) struct ThreadTests {
  /// `BOOTMEM_THREAD_CALLS`, or few.
  private static var callCount: Int {
    guard let text = unsafe getenv("BOOTMEM_THREAD_CALLS") else { return 100_000 }
    return unsafe Int(String(cString: text))!
  }

  /// Memory for everybody, and so little that it is often short, so that caches are given back.
  @Test(.namingSeed, arguments: [2, 4, 8], [false, true])
  func pages_haveOneOwner(threadCount: Int, isShort: Bool) {
    let world = ThreadWorld(threadCount: threadCount, isShort: isShort)
    let threads = (0..<threadCount).map { processor in
      let thread = Thread { world.run(processor, calls: Self.callCount / threadCount) }
      thread.start()
      return thread
    }
    for _ in threads { world.finished.wait() }
    #expect(world.wrongStamps == 0)
    #expect(world.machine.reports == [])
    #expect(world.machine.freePageCount == UInt64(world.pageCount))
    // Where there is little, allocations fail, but for want of pages only.
    #expect(world.failures == 0 || isShort)
  }
}

/// What the threads share.
@safe private final class ThreadWorld: @unchecked Sendable {
  let machine: CachedMachine
  let pageCount: Int
  let finished = DispatchSemaphore(value: 0)
  private(set) var wrongStamps = 0
  private(set) var failures = 0

  private let threadCount: Int
  private let heldCount: Int
  private let results = NSLock()

  /// A word for each page, of no order but that of its owners.
  private let stamps: UnsafeMutablePointer<Int>

  /// Pages on their way to the processor that will free them.
  private let mailboxes: [Mailbox]

  private final class Mailbox {
    let lock = NSLock()
    var pages: [Int] = []
  }

  init(threadCount: Int, isShort: Bool) {
    self.threadCount = threadCount
    // Each holds up to so many, has as many in its mailbox at most, and 64 in its cache.
    heldCount = 200
    pageCount = isShort ? threadCount * heldCount / 2 : threadCount * (2 * heldCount + 128)
    machine = CachedMachine(pageCount: pageCount, processorCount: threadCount)
    unsafe stamps = .allocate(capacity: machine.firstPage + pageCount)
    unsafe stamps.initialize(repeating: -1, count: machine.firstPage + pageCount)
    mailboxes = (0..<threadCount).map { _ in Mailbox() }
  }

  deinit { unsafe stamps.deallocate() }

  /// What a processor does.
  func run(_ processor: Int, calls: Int) {
    var random = SplitMix(stream: UInt64(processor))
    var held: [Int] = []
    var wrong = 0
    var failed = 0
    for call in 0..<calls {
      if held.count < heldCount && (held.isEmpty || random.next() & 1 == 0) {
        guard let page = try? machine.allocate(by: processor) else {
          failed += 1
          // Others can go on only if somebody frees.
          for page in held { wrong += free(page, by: processor) }
          held = []
          continue
        }
        if unsafe stamps[page] != -1 { wrong += 1 }
        unsafe stamps[page] = processor
        held.append(page)
      } else {
        held.swapAt(Int.random(in: held.indices, using: &random), held.count - 1)
        let page = held.removeLast()
        let receiver = Int.random(in: 0..<threadCount, using: &random)
        if call % 4 != 0 || !send(page, to: receiver) { wrong += free(page, by: processor) }
      }
      if call % 64 == 0 { wrong += freeMail(to: processor, by: processor) }
      if call % 16_384 == 0 { machine.caches.drain(by: ProcessorID(processor)) }
    }
    for page in held { wrong += free(page, by: processor) }
    finish(processor, wrong, failed)
  }

  /// Frees a page, with whatever stamp a processor gave it.
  private func free(_ page: Int, by processor: Int) -> Int {
    let isStamped = unsafe (0..<threadCount).contains(stamps[page])
    unsafe stamps[page] = -1
    do { try machine.free(page, by: processor) } catch { return 1 }
    return isStamped ? 0 : 1
  }

  /// - Returns: Whether there was room in the mailbox.
  private func send(_ page: Int, to receiver: Int) -> Bool {
    mailboxes[receiver].lock.withLock {
      if mailboxes[receiver].pages.count == heldCount { return false }
      mailboxes[receiver].pages.append(page)
      return true
    }
  }

  private func freeMail(to receiver: Int, by processor: Int) -> Int {
    let mail = mailboxes[receiver].lock.withLock {
      let pages = mailboxes[receiver].pages
      mailboxes[receiver].pages = []
      return pages
    }
    return mail.reduce(0) { $0 + free($1, by: processor) }
  }

  private var endedCount = 0

  /// The last to end frees what lies in mailboxes.
  private func finish(_ processor: Int, _ wrong: Int, _ failed: Int) {
    results.withLock {
      wrongStamps += wrong
      failures += failed
      endedCount += 1
      guard endedCount == threadCount else { return }
      for index in 0..<threadCount { wrongStamps += freeMail(to: index, by: processor) }
    }
    finished.signal()
  }
}
