// SPDX-License-Identifier: MIT
import FuzzKit

private let target = FuzzTarget.named(in: [
  FuzzTarget("allocator", AllocatorTarget.run), FuzzTarget("heap", HeapTarget.run),
  FuzzTarget("pages", PagesTarget.run),
])

/// What libFuzzer calls with each input.
@c public func LLVMFuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe target.run(bytes, count)
}
