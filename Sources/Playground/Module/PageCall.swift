// SPDX-License-Identifier: MIT
import MemoryReports
import PhysicalMemory
import TraceReplay

/// A call to what comes after boot memory: the page allocator and the heap.
///
/// In a trace, which has only Linux's calls, it is a comment: `#: NAME ARGUMENTS -> RESULT`, all
/// numbers hexadecimal.
struct PageCall {
  enum Kind: String, CaseIterable {
    /// `pages ORDER`: 2^ORDER pages.
    case pages
    /// `free_pages PFN ORDER`: gives 2^ORDER pages back.
    case freePages = "free_pages"
    /// `heap BYTES`: an object.
    case heap
    /// `heap_free ADDRESS`: gives an object back.
    case heapFree = "heap_free"
  }

  let kind: Kind
  let arguments: [UInt64]

  /// Reads a line; nil for one that is no such call.
  static func parse(_ line: ArraySlice<UInt8>) -> (call: PageCall, result: String)? {
    let words = String(decoding: line, as: UTF8.self).split(separator: " ").map { String($0) }
    guard words.count >= 4, words[0] == "#:", let kind = Kind(rawValue: words[1]),
      let arrow = words.firstIndex(of: "->"), arrow == kind.parameters.count + 2
    else { return nil }
    let arguments = words[2..<arrow].compactMap { UInt64($0, radix: 16) }
    guard arguments.count == kind.parameters.count else { return nil }
    let result = words[(arrow + 1)...].joined(separator: " ")
    return (PageCall(kind: kind, arguments: arguments), result)
  }

  var text: String {
    (["#:", kind.rawValue] + arguments.map { String($0, radix: 16) }).joined(separator: " ")
  }

  /// The pages that the call takes or gives back if it ends with `result`; nil for the heap, which
  /// has pages of its own.
  func pages(of result: String) -> PageRange? {
    switch kind {
    case .pages:
      guard arguments[0] < 11, let page = UInt64(result, radix: 16) else { return nil }
      return PageRange(start: PageFrame(page), pageCount: 1 << arguments[0])
    case .freePages:
      guard arguments[1] < 11, result == "ok" else { return nil }
      return PageRange(start: PageFrame(arguments[0]), pageCount: 1 << arguments[1])
    case .heap, .heapFree: return nil
    }
  }

  /// What the call does to the owners of pages.
  func effect(of result: String) -> Trace.Effect {
    guard let pages = pages(of: result) else { return .nothing }
    if kind == .freePages { return .releases(pages) }
    return AddressRange(pages).map { .allocates($0) } ?? .nothing
  }

  /// The call in a kernel written in Swift.
  var swiftCode: String {
    let values = arguments.map { "0x" + String($0, radix: 16) }
    return switch kind {
    case .pages: "try pages.allocate(order: \(values[0]))"
    case .freePages: "try pages.free(\(values[0]), order: \(values[1]))"
    case .heap: "try heap.allocate(byteCount: \(values[0]), from: &pages)"
    case .heapFree: "try heap.free(pointer(to: \(values[0])), to: &pages)"
    }
  }

  /// The call in a kernel written in C.
  var cCode: String {
    let values = arguments.map { "0x" + String($0, radix: 16) }
    return switch kind {
    case .pages: "bootmem_pages_allocate(\(values[0]), -1, 0)"
    case .freePages: "bootmem_pages_free(\(values[0]), \(values[1]))"
    case .heap: "bootmem_heap_allocate(\(values[0]))"
    case .heapFree: "bootmem_heap_free(\(values[0]))"
    }
  }
}

extension PageCall.Kind {
  var parameters: [CallForm.Parameter] {
    switch self {
    case .pages: [.order]
    case .freePages: [.page, .order]
    case .heap: [.byteCount]
    case .heapFree: [.address]
    }
  }

  private var sentence: String {
    switch self {
    case .pages: "Takes a block of 2^order pages from the page allocator, after the hand-over."
    case .freePages: "Gives such a block back."
    case .heap:
      "Takes an object of any size from the heap, which takes its pages from there: 64 MiB in all, "
        + "as objects have contents."
    case .heapFree: "Gives an object back."
    }
  }

  var json: JSONText {
    CallForm.json("#: \(rawValue)", sentence: sentence, parameters, isAfterHandOver: true)
  }
}
