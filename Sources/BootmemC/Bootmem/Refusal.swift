// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory
import TextOutput

/// Why a call did not do what it was asked for: what the core says, or what only a caller in C can
/// get wrong.
enum Refusal: Error {
  case memory(BootMemoryError)
  case nullNode
  case foreignNode(UInt)
  case reversedSpan
  case beyondAddressSpace

  /// Writes the reason, without a line feed.
  func write(to sink: inout some TextSink) {
    switch self {
    case .memory(let error):
      error.write(to: &sink)
    case .nullNode:
      sink.write("the node is NULL")
    case .foreignNode(let place):
      sink.write("the pointer 0x", hexadecimal: UInt64(place), " is not from bootmem_node()")
    case .reversedSpan:
      sink.write("the end lies below the start")
    case .beyondAddressSpace:
      sink.write("that reaches beyond the address space")
    }
  }
}

/// A call, as messages name it: `free_bootmem(0x1f0000, 0x1000)`, with sizes, addresses and page frame
/// numbers in hexadecimal.
struct Call {
  private let name: StaticString
  private let arguments: (UInt, UInt, UInt)
  private let argumentCount: Int

  @inline(__always)
  init(_ name: StaticString, _ first: UInt) {
    self.name = name
    arguments = (first, 0, 0)
    argumentCount = 1
  }

  @inline(__always)
  init(_ name: StaticString, _ first: UInt, _ second: UInt) {
    self.name = name
    arguments = (first, second, 0)
    argumentCount = 2
  }

  @inline(__always)
  init(_ name: StaticString, _ first: UInt, _ second: UInt, _ third: UInt) {
    self.name = name
    arguments = (first, second, third)
    argumentCount = 3
  }

  private func write(_ refusal: Refusal, to text: inout TextBuffer) {
    text.write("bootmem: ")
    text.write(name)
    text.write("(0x", hexadecimal: UInt64(arguments.0), "")
    if argumentCount > 1 { text.write(", 0x", hexadecimal: UInt64(arguments.1), "") }
    if argumentCount > 2 { text.write(", 0x", hexadecimal: UInt64(arguments.2), "") }
    text.write("): ")
    refusal.write(to: &text)
  }

  /// Calls `platform.fault`, which does not return; or, for a call that is merely ignored, writes a
  /// line to `platform.write`.
  @inline(never)
  func refuse(_ refusal: Refusal, isFault: Bool = true) {
    var text = TextBuffer()
    write(refusal, to: &text)
    if !isFault { text.write("\n") }
    let platform = unsafe LibraryState.platform
    unsafe text.withBytes { bytes in
      let message = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
      if isFault {
        let isMisuse = if case .memory(.outOfMemory) = refusal { false } else { true }
        let code = Int32(isMisuse ? BOOTMEM_FAULT_MISUSE : BOOTMEM_FAULT_OUT_OF_MEMORY)
        unsafe platform.pointee.fault?(platform.pointee.context, code, message)
      } else {
        unsafe platform.pointee.write?(platform.pointee.context, message, bytes.count)
      }
    }
  }
}

/// Linux's error numbers.
enum ErrorNumber {
  static let outOfMemory: Int32 = -12
  static let busy: Int32 = -16
  static let invalid: Int32 = -22
}
