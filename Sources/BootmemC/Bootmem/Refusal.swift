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

  /// The reason, as a text with numbers in it.
  var message: (text: StaticString, numbers: InlineArray<3, UInt64>) {
    switch self {
    case .memory(let error): error.message
    case .nullNode: ("the node is NULL", [0, 0, 0])
    case .foreignNode(let place):
      ("the pointer 0x% is not from bootmem_node()", [UInt64(place), 0, 0])
    case .reversedSpan: ("the end lies below the start", [0, 0, 0])
    case .beyondAddressSpace: ("that reaches beyond the address space", [0, 0, 0])
    }
  }
}

/// A call, as messages name it: `free_bootmem(0x1f0000, 0x1000)`, with sizes, addresses and page
/// frame numbers in hexadecimal.
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
    let numbers: InlineArray<3, UInt64> = [
      UInt64(arguments.0), UInt64(arguments.1), UInt64(arguments.2),
    ]
    let form: StaticString =
      switch argumentCount {
      case 1: "(0x%): "
      case 2: "(0x%, 0x%): "
      default: "(0x%, 0x%, 0x%): "
      }
    text.write(form, with: numbers.span)
    let message = refusal.message
    text.write(message.text, with: message.numbers.span)
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
