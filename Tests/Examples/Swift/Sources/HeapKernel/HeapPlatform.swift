// SPDX-License-Identifier: MIT
import Machine
import RuntimeHeap

/// What the heap can use of this kernel.
var heapPlatform: RuntimeHeapPlatform {
  var platform = RuntimeHeapPlatform()
  unsafe platform.report = writeLine
  unsafe platform.fillRandomly = fillWithConstant
  return platform
}

/// Prints what the heap refused.
private func writeLine(
  context: UnsafeMutableRawPointer?, text: UnsafePointer<UInt8>?, byteCount: UInt
) {
  let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
  for index in bytes.indices { _ = unsafe putchar(Int32(bytes[index])) }
  _ = putchar(Int32(UInt8(ascii: "\n")))
}

/// Nobody untrusted chooses the keys of this kernel's dictionaries; other kernels use the
/// processor's random numbers.
private func fillWithConstant(
  context: UnsafeMutableRawPointer?, memory: UnsafeMutableRawPointer?, byteCount: UInt
) {
  unsafe memory?.initializeMemory(as: UInt8.self, repeating: 1, count: Int(byteCount))
}
