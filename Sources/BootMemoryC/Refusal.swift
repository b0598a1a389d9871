import BootMemory
import CBootMemory
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
      sink.write("the pointer ")
      sink.write(hexadecimal: place)
      sink.write(" is none of bootmem_node()")
    case .reversedSpan:
      sink.write("the end lies below the start")
    case .beyondAddressSpace:
      sink.write("that reaches beyond the address space")
    }
  }
}

/// A call, as messages name it: `free_bootmem(1f0000, 1000)`, with sizes, addresses and page frame
/// numbers in hexadecimal.
struct Call {
  let name: StaticString
  let first: UInt
  let second: UInt?
  let third: UInt?

  @inline(__always)
  init(_ name: StaticString, _ first: UInt, _ second: UInt? = nil, _ third: UInt? = nil) {
    self.name = name
    self.first = first
    self.second = second
    self.third = third
  }

  private func write(_ refusal: Refusal, to text: inout TextBuffer) {
    text.write("bootmem: ")
    text.write(name)
    text.write("(")
    text.write(hexadecimal: first)
    if let second {
      text.write(", ")
      text.write(hexadecimal: second)
    }
    if let third {
      text.write(", ")
      text.write(hexadecimal: third)
    }
    text.write("): ")
    refusal.write(to: &text)
  }

  /// Calls `platform.fault`, which does not return.
  @inline(never)
  func fault(_ refusal: Refusal) {
    let isMisuse = if case .memory(.outOfMemory) = refusal { false } else { true }
    let code = isMisuse ? BOOTMEM_FAULT_MISUSE : BOOTMEM_FAULT_OUT_OF_MEMORY
    var text = TextBuffer()
    write(refusal, to: &text)
    let platform = unsafe Library.platform
    guard let fault = unsafe platform.pointee.fault else { return }
    unsafe text.withBytes { bytes in
      let message = unsafe UnsafeRawPointer(bytes.baseAddress)
      unsafe fault(
        platform.pointee.context, Int32(code),
        message?.assumingMemoryBound(to: CChar.self))
    }
  }

  /// Writes a message to `platform.write`, for a call that is ignored.
  @inline(never)
  func report(_ refusal: Refusal) {
    let platform = unsafe Library.platform
    guard let output = unsafe platform.pointee.write else { return }
    var text = TextBuffer()
    write(refusal, to: &text)
    text.write("\n")
    unsafe text.withBytes { bytes in
      let message = unsafe UnsafeRawPointer(bytes.baseAddress)
      unsafe output(
        platform.pointee.context, message?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
  }
}

/// Linux's error numbers.
enum ErrorNumber {
  static let outOfMemory: Int32 = -12
  static let busy: Int32 = -16
  static let invalid: Int32 = -22
}
