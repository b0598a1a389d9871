// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootMemoryTrace
import PageAllocator
import PageCaches
import PhysicalMemory

/// What the processors of ``CacheDemonstration`` share, and what each of them does.
@safe struct CacheWorld {
  /// What a processor has done.
  struct Record {
    var allocatedCount: UInt64 = 0
    var freedCount: UInt64 = 0
    var foreignCount: UInt64 = 0
    var allocatedSum: UInt64 = 0
    var freedSum: UInt64 = 0
    var wrongCount: UInt64 = 0

    mutating func add(_ other: Record) {
      allocatedCount += other.allocatedCount
      freedCount += other.freedCount
      foreignCount += other.foreignCount
      allocatedSum &+= other.allocatedSum
      freedSum &+= other.freedSum
      wrongCount += other.wrongCount
    }
  }

  let processorCount: Int
  private let caches: PageCaches
  private let nodeCapacity: Int
  private let records: UnsafeMutablePointer<Record>

  /// Words that several processors write: the lock, how many have arrived, whether they may begin,
  /// and for each whether it has ended, and a page that another one has left for it.
  private let words: UnsafeMutablePointer<UInt>

  private static let callCount = 200_000

  /// Takes over the pages of boot memory.
  init(
    processorCount: Int, in memory: inout RecordedMemory
  ) throws(KernelError) {
    self.processorCount = processorCount
    nodeCapacity = memory.nodeCapacity
    let nodes = unsafe try PageDemonstration.room(
      for: PageNode.self, count: memory.nodeCapacity, in: &memory)
    let pages = unsafe try PageDemonstration.room(for: PageAllocator.self, count: 1, in: &memory)
    let caches = unsafe try PageDemonstration.room(
      for: PageCache.self, count: processorCount, in: &memory)
    let records = unsafe try PageDemonstration.room(
      for: Record.self, count: processorCount, in: &memory)
    let words = unsafe try PageDemonstration.room(
      for: UInt.self, count: 3 + 2 * processorCount, in: &memory)
    unsafe words.pages.initialize(repeating: 0)
    // A room has pages, and these do not lie at the nil pointer.
    unsafe self.words = unsafe words.pages.baseAddress.unsafelyUnwrapped
    unsafe self.records = unsafe records.pages.baseAddress.unsafelyUnwrapped
    let allocator = unsafe pages.pages.baseAddress.unsafelyUnwrapped
    do throws(PageAllocatorError) {
      unsafe allocator.initialize(
        to: try PageAllocator(takingOver: &memory.base, nodes: nodes.pages))
    } catch {
      throw .pageAllocator(error)
    }
    var platform = PageCachesPlatform()
    unsafe platform.context = UnsafeMutableRawPointer(self.words)
    unsafe platform.lock = { context in
      let lock = unsafe context.unsafelyUnwrapped.assumingMemoryBound(to: UInt.self)
      while unsafe board_exchange_shared(lock, 1) != 0 {}
    }
    unsafe platform.unlock = { context in
      unsafe board_store_shared(context.unsafelyUnwrapped.assumingMemoryBound(to: UInt.self), 0)
    }
    self.caches = unsafe PageCaches(of: allocator, storage: caches.pages, platform: platform)
  }

  /// The number of free pages on all nodes.
  func freePageCount() throws(KernelError) -> UInt64 {
    var sum: UInt64 = 0
    do throws(PageAllocatorError) {
      for number in 0..<nodeCapacity {
        sum += try caches.statistics(of: NodeID(number), by: ProcessorID(0)).freePageCount
      }
    } catch {
      throw .pageAllocator(error)
    }
    return sum
  }

  /// Allocates the page below 1 MiB where an x86_64 processor begins; 0 elsewhere.
  func pageForStarting() throws(KernelError) -> UInt {
    #if arch(x86_64)
    do throws(PageAllocatorError) {
      let page = try caches.allocate(
        order: 0, on: nil, below: PageFrame(0x100), by: ProcessorID(0))
      return UInt(page.number << PageFrame.byteCountShift)
    } catch {
      throw .pageAllocator(error)
    }
    #else
    return 0
    #endif
  }

  /// Frees the page from ``pageForStarting()``, when all processors have left it.
  func freePageForStarting(_ address: UInt) throws(KernelError) {
    if address == 0 { return }
    do throws(PageAllocatorError) {
      try caches.free(
        PhysicalAddress(UInt64(address)).pageFrame, by: ProcessorID(0))
    } catch {
      throw .pageAllocator(error)
    }
  }

  // ---- One after the other ----

  private var arrivedWord: UnsafeMutablePointer<UInt> { unsafe words + 1 }
  private var beginWord: UnsafeMutablePointer<UInt> { unsafe words + 2 }

  private func endedWord(_ number: Int) -> UnsafeMutablePointer<UInt> {
    unsafe words + (3 + number)
  }

  private func mail(_ number: Int) -> UnsafeMutablePointer<UInt> {
    unsafe words + (3 + processorCount + number)
  }

  /// The number of the last processor that has arrived.
  var arrivedCount: UInt { unsafe board_load_shared(arrivedWord) }

  /// Reports that a processor has arrived.
  func arrive(_ number: UInt) { unsafe board_store_shared(arrivedWord, number) }

  /// Lets all processors begin.
  func begin() { unsafe board_store_shared(beginWord, 1) }

  /// Records what a processor has done.
  func end(_ number: Int, _ record: Record) {
    unsafe records[number] = record
    unsafe board_store_shared(endedWord(number), 1)
  }

  /// What a processor has done; waits until it has ended.
  func record(of number: Int) -> Record {
    while unsafe board_load_shared(endedWord(number)) == 0 {}
    return unsafe records[number]
  }

  // ---- At the same time ----

  /// Allocates pages, writes the processor's number into each, frees most, and leaves others for
  /// other processors.
  func takePart(_ number: Int) -> Record {
    var record = Record()
    var held = InlineArray<100, UInt64>(repeating: 0)
    var heldCount = 0
    var random = XorShift(stream: UInt32(number))
    while unsafe board_load_shared(beginWord) == 0 {}
    for call in 0..<Self.callCount {
      if heldCount < held.count && (heldCount == 0 || random.next(below: 2) == 0) {
        guard let page = allocate(number, &record) else { continue }
        held[heldCount] = page
        heldCount += 1
      } else {
        let place = random.next(below: UInt32(heldCount))
        var page = held[place]
        heldCount -= 1
        held[place] = held[heldCount]
        if call % 4 == 0 {
          let other = random.next(below: UInt32(processorCount))
          page = UInt64(unsafe board_exchange_shared(mail(other), UInt(page)))
        }
        free(page, number, &record)
      }
      // Now and then a processor needs pages that lie in all processors' caches.
      if call % 10_000 == 0 { caches.drain(by: ProcessorID(number)) }
    }
    for place in 0..<heldCount { free(held[place], number, &record) }
    return record
  }

  /// Frees what was left for processors, when all have ended.
  func freeMail() -> Record {
    var record = Record()
    for number in 0..<processorCount {
      free(UInt64(unsafe board_exchange_shared(mail(number), 0)), 0, &record)
    }
    return record
  }

  private func allocate(_ number: Int, _ record: inout Record) -> UInt64? {
    guard let page = try? caches.allocate(by: ProcessorID(number)) else {
      record.wrongCount += 1
      return nil
    }
    unsafe PageDemonstration.label(page).pointee = UInt(number) + 1
    record.allocatedCount += 1
    record.allocatedSum &+= page.number
    return page.number
  }

  /// Frees a page; 0 stands for none.
  private func free(_ pageNumber: UInt64, _ number: Int, _ record: inout Record) {
    if pageNumber == 0 { return }
    let page = PageFrame(pageNumber)
    let stamp = unsafe PageDemonstration.label(page).pointee
    if stamp == 0 || stamp > UInt(processorCount) { record.wrongCount += 1 }
    if stamp != UInt(number) + 1 { record.foreignCount += 1 }
    unsafe PageDemonstration.label(page).pointee = 0
    do throws(PageAllocatorError) { try caches.free(page, by: ProcessorID(number)) } catch {
      record.wrongCount += 1
    }
    record.freedCount += 1
    record.freedSum &+= pageNumber
  }
}
