// SPDX-License-Identifier: MIT
import BootMemory
import CRuntimeHeap
import HeapModels
import KernelHeap
import PhysicalMemory
import RuntimeHeap
import Testing

/// The functions that Swift's runtime calls, by the names that they have on a host.
///
/// There is one heap of the runtime, so the tests come one after the other.
@Suite(.serialized) struct RuntimeHeapTests {
  /// Boot memory that serves the runtime's heap, and what that reports.
  final class Runtime {
    var machine = HeapMachine(pageCount: 256)
    var text = ""
    var printed = ""
    var depth = 0
    var lockCount = 0

    init() {
      var platform = RuntimeHeapPlatform()
      unsafe platform.context = Unmanaged.passUnretained(self).toOpaque()
      unsafe platform.report = { context, text, count in
        let runtime = unsafe Runtime.of(context)
        #if !BOOTMEM_HEAP_DEBUG
        // Reports come outside of the lock.
        #expect(runtime.depth == 0)
        #endif
        unsafe runtime.text = String(
          decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
      }
      unsafe platform.print = { context, text, count in
        unsafe Runtime.of(context).printed += String(
          decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
      }
      unsafe platform.fillRandomly = { _, memory, count in
        unsafe memory?.initializeMemory(as: UInt8.self, repeating: 0x5a, count: Int(count))
      }
      unsafe platform.lock = { context in
        let runtime = unsafe Runtime.of(context)
        runtime.depth += 1
        runtime.lockCount += 1
      }
      unsafe platform.unlock = { context in unsafe Runtime.of(context).depth -= 1 }
      unsafe RuntimeHeap.start(servedBy: Placed(machine.memory), platform: platform)
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> Runtime {
      unsafe Unmanaged<Runtime>.fromOpaque(context!).takeUnretainedValue()
    }

    func allocate(_ size: Int, alignment: Int = 16) -> (status: Int32, address: UInt) {
      var memory: UnsafeMutableRawPointer? = nil
      let status = unsafe hosted_posix_memalign(&memory, alignment, size)
      return (status, UInt(bitPattern: memory))
    }

    func free(_ address: UInt) {
      unsafe hosted_free(UnsafeMutableRawPointer(bitPattern: address))
    }
  }

  static let none = HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)

  @Test func memory_isAllocatedAndFreed_underTheLock() {
    let runtime = Runtime()
    let (status, address) = runtime.allocate(100, alignment: 64)
    #expect(status == 0)
    #expect(address != 0 && address.isMultiple(of: 64))
    #expect(RuntimeHeap.statistics.allocationCount == 1)
    runtime.free(address)
    runtime.free(0)
    RuntimeHeap.trim()
    #expect(RuntimeHeap.statistics == Self.none)
    // The statistics have taken it twice.
    #expect(runtime.lockCount == 3 + 2 && runtime.depth == 0 && runtime.text == "")
  }

  @Test func whatIsRefused_isReported_andHasAnErrorNumber() {
    let runtime = Runtime()
    let (_, address) = runtime.allocate(100)
    runtime.free(address)
    runtime.free(address)
    let name = String(address, radix: 16)
    #expect(
      runtime.text
        == "heap: 0x\(name) was to be freed, but is not allocated: it was freed before, or never given out"
    )
    #expect(runtime.allocate(1 << 40).status == 12)
    #expect(runtime.text == "heap: out of memory: no room for 0x10000000000 bytes")
    #expect(runtime.allocate(100, alignment: 24).status == 22)
    #expect(runtime.text == "heap: the alignment 0x18 is not a power of two")
    RuntimeHeap.trim()
    #expect(RuntimeHeap.statistics == Self.none)
  }

  #if BOOTMEM_HEAP_DEBUG
  @Test func aWriteBehindTheEnd_isReported() {
    let runtime = Runtime()
    let (_, address) = runtime.allocate(100)
    fill(address + 100, 1, with: 0x41)
    runtime.free(address)
    let (name, end) = (String(address, radix: 16), String(address + 100, radix: 16))
    #expect(
      runtime.text
        == "memory check: 0x41 instead of 0xbd at 0x\(end), behind the end of 0x64 bytes at 0x\(name)"
    )
    RuntimeHeap.trim()
    #expect(RuntimeHeap.statistics == Self.none)
  }
  #endif

  @Test func allocations_outliveTheHandOver() throws {
    let runtime = Runtime()
    let early = (1...40).map { runtime.allocate($0 * 100).address }
    try runtime.machine.handOver()
    let free = runtime.machine.freePageCount
    let held = RuntimeHeap.statistics
    unsafe RuntimeHeap.serve(from: Placed(runtime.machine.pages!))
    let late = (1...40).map { runtime.allocate($0 * 100).address }
    #expect(!late.contains(0) && Set(early + late).count == 80)
    for address in early + late { runtime.free(address) }
    RuntimeHeap.trim()
    #expect(RuntimeHeap.statistics == Self.none)
    #expect(runtime.machine.freePageCount == free + held.pageCount + held.indexPageCount)
  }

  @Test func thePlatformLayer_allocatesAndFrees() {
    let runtime = Runtime()
    // No alignment, a value, one less than that; cleared or not.
    for (alignment, expected) in [(0, 16), (64, 64), (63, 64), (-1, 16), (4096, 4096)] {
      for flags: UInt64 in [0, 1] {
        let memory = unsafe hosted__swift_allocate(alignment, 200, flags)
        let address = UInt(bitPattern: memory)
        #expect(address != 0 && address.isMultiple(of: UInt(expected)))
        if flags == 1 { #expect(holds(address, 200, 0)) }
        fill(address, 200, with: 0xff)
        unsafe hosted__swift_deallocate(memory, 0, -1, 0)
        let typed = unsafe hosted__swift_typedAllocate(200, alignment, flags, 7)
        #expect(UInt(bitPattern: typed).isMultiple(of: UInt(expected)))
        unsafe hosted__swift_typedDeallocate(typed, 200, alignment, 0, 7)
      }
    }
    RuntimeHeap.trim()
    #expect(RuntimeHeap.statistics == Self.none)
    #expect(unsafe hosted__swift_allocate(16, 1 << 40, 1) == nil)
    #expect(runtime.text == "heap: out of memory: no room for 0x10000000000 bytes")
  }

  @Test func randomBytes_comeFromTheKernel() {
    let runtime = Runtime()
    for function in 0..<3 {
      var bytes = [UInt8](repeating: 0, count: 9)
      switch function {
      case 0: unsafe hosted_arc4random_buf(&bytes, 8)
      case 1: unsafe hosted__swift_generateRandom(&bytes, 8)
      default: unsafe hosted__swift_generateRandomHashSeed(&bytes, 8)
      }
      #expect(bytes == [UInt8](repeating: 0x5a, count: 8) + [0])
    }
    #expect(runtime.text == "")
  }

  @Test func randomBytes_withoutASource_trap() async {
    await #expect(processExitsWith: .failure) {
      let machine = HeapMachine(pageCount: 64)
      unsafe RuntimeHeap.start(servedBy: Placed(machine.memory))
      var byte: UInt8 = 0
      unsafe hosted_arc4random_buf(&byte, 1)
    }
  }

  @Test func text_goesToTheKernel() {
    let runtime = Runtime()
    #expect(hosted_putchar(0x41) == 0x41)
    #expect(unsafe hosted__swift_writeToStandardOutput([0x42, 0x43], 2) == 2)
    #expect(runtime.printed == "ABC")
  }

  @Test func memcmp_comparesBytesWithoutSign() {
    let low: [UInt8] = [1, 2, 3]
    let high: [UInt8] = [1, 0x80, 0]
    #expect(unsafe hosted_memcmp(low, high, 3) < 0)
    #expect(unsafe hosted_memcmp(high, low, 3) > 0)
    #expect(unsafe hosted_memcmp(low, high, 1) == 0)
    #expect(unsafe hosted_memcmp(low, high, 0) == 0)
  }

  @Test func keysOfAThread_keepTheirValues() {
    for key in 0..<8 { hosted__swift_tls_init(key, nil) }
    for key in 0..<8 {
      unsafe hosted__swift_tls_set(key, UnsafeMutableRawPointer(bitPattern: 16 + key))
    }
    for key in 0..<8 {
      #expect(unsafe UInt(bitPattern: hosted__swift_tls_get(key)) == UInt(16 + key))
    }
    #expect(unsafe hosted__swift_tls_get(8) == nil && hosted__swift_tls_get(-1) == nil)
    unsafe hosted__swift_setExclusivityTLS(UnsafeMutableRawPointer(bitPattern: 99))
    #expect(unsafe UInt(bitPattern: hosted__swift_getExclusivityTLS()) == 99)
    hosted__swift_setExclusivityTLS(nil)
  }

  @Test(arguments: [0, 1, 2] as [UInt64])
  func aMutex_isLockedOnce_unlessItIsRecursive(flags: UInt64) {
    var storage = [UInt](repeating: 0xa5, count: 8)
    unsafe storage.withUnsafeMutableBytes { bytes in
      let mutex = bytes.baseAddress
      unsafe hosted__swift_mutex_init(mutex, flags)
      unsafe hosted__swift_mutex_lock(mutex)
      #expect(unsafe hosted__swift_mutex_tryLock(mutex) == (flags == 2 ? 1 : 0))
      if flags == 2 { unsafe hosted__swift_mutex_unlock(mutex) }
      unsafe hosted__swift_mutex_unlock(mutex)
      #expect(unsafe hosted__swift_mutex_tryLock(mutex) == 1)
      unsafe hosted__swift_mutex_destroy(mutex)
    }
  }

  @Test func errorsOfSwift_areReported_andStop() async {
    await #expect(processExitsWith: .failure) {
      _ = Runtime()
      unsafe hosted__swift_reportErrorAt("no", 2, "file", 4, 1, 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = Runtime()
      hosted__swift_exit(0)
    }
  }
}
