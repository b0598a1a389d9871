// SPDX-License-Identifier: MIT
import KernelHeap
import PageAllocator

/// The first allocation of a heap, in memory that other calls have examined.
func heapCases() -> [Case] {
  [
    Case(name: "heap-first", operationCount: 1, prepare: keepLowPages) {
      _ = unsafe try allocate(64, from: &$0)
    },
    Case(
      name: "heap-prepared", operationCount: 1,
      prepare: { machine in
        try keepLowPages(&machine)
        let pages = unsafe machine.pages!
        unsafe try machine.heap.pointee.free(allocate(1, from: &machine), to: &pages.pointee)
      },
      run: { _ = unsafe try allocate(64, from: &$0) }),
  ]
}

private func allocate(
  _ byteCount: UInt, from machine: inout Machine
) throws -> UnsafeMutableRawPointer {
  let pages = unsafe machine.pages!
  return unsafe try machine.heap.pointee.allocate(byteCount: byteCount, from: &pages.pointee)
}

/// As in heap.c, 256 MiB, of which the lowest is reserved.
private func keepLowPages(_ machine: inout Machine) throws {
  try machine.register(0, from: 0, byteCount: 256 * mib)
  try machine.free(4 * mib, 252 * mib)
  try machine.keepPages()
  unsafe machine.pages?.pointee.prepare()
}
