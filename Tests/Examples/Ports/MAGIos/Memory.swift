// SPDX-License-Identifier: MIT
// MAGIos's memory, in place of the four functions of its Lilith.swift that do nothing: what Swift's
// runtime asks for comes from libbootmem.a's heap.
import Bootmem

/// The pages of QEMU's board virt with its 128 MiB.
private let memoryStart: UInt = 0x8000_0000
private let memoryEnd: UInt = 0x8800_0000
private let pageSize: UInt = 4096

/// Sets boot memory up: what lies behind the image and the stack is free, but for the bitmap.
func startMemory() {
  var platform = bootmem_platform()
  platform.size = UInt(MemoryLayout<bootmem_platform>.size)
  platform.fault = { _, _, _ in
    uartPrint("boot memory: a fault\n")
    while true {}
  }
  let start = (magios_image_end() + pageSize - 1) & ~(pageSize - 1)
  guard bootmem_setup(&platform) == 0 else { return uartPrint("boot memory: refused\n") }
  let bitmapByteCount = init_bootmem_node(
    bootmem_node(0), start / pageSize, memoryStart / pageSize, memoryEnd / pageSize)
  free_bootmem(start, memoryEnd - start)
  _ = reserve_bootmem(start, bitmapByteCount, BOOTMEM_EXCLUSIVE)
}

/// Works with an array and a class, which MAGIos could not have otherwise, and gives them back.
func checkMemory() {
  final class Soul {
    var numbers: [Int] = []
  }
  let soul = Soul()
  for number in 0..<10_000 { soul.numbers.append(number) }
  var held = bootmem_heap_statistics()
  _ = bootmem_heap_count(&held)
  let isRight = soul.numbers.reduce(0, +) == 49_995_000 && held.pages >= 20
  uartPrint(isRight ? "\nMemory Synchronised\n" : "\nMemory: Pattern Orange\n")
}

/// Allocates memory for Swift's runtime; not 0 where there is none.
@_cdecl("posix_memalign")
public func posix_memalign(
  _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ size: Int
) -> Int32 {
  result.pointee = bootmem_heap_allocate_aligned(UInt(size), UInt(alignment))
  return result.pointee == nil ? 12 : 0
}

/// Takes memory back from Swift's runtime.
@_cdecl("free")
public func free(_ memory: UnsafeMutableRawPointer?) {
  _ = bootmem_heap_free(memory)
}
