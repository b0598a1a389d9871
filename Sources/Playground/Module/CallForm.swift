// SPDX-License-Identifier: MIT
import BootMemoryTrace
import PhysicalMemory
import TraceReplay

/// What the page needs to know about a call to offer it: what it does, and its parameters.
struct CallForm {
  /// A parameter, a hexadecimal number.
  enum Parameter: String {
    case node, bitmap, first, end, pageCount, address, byteCount, alignment, goal, limit
    case exclusively, order, page

    private var sentence: String {
      switch self {
      case .node: "The number of the node, from 0."
      case .bitmap: "The page at which the bitmap lies."
      case .first: "The first page of the node."
      case .end: "The page behind the last one."
      case .pageCount: "A number of pages."
      case .address: "The first address."
      case .byteCount: "The size in bytes."
      case .alignment: "A power of two that the address is a multiple of; 0 is a cache line."
      case .goal: "The address to look at or above first; 0 is anywhere."
      case .limit: "What the memory must lie below; 0 is no limit."
      case .exclusively: "1: refuse if a page is reserved already; 0: never mind."
      case .order: "The block has two to this power of pages, from 0 to a (ten)."
      case .page: "The number of the first page."
      }
    }

    private var example: String {
      switch self {
      case .node, .first, .limit, .exclusively, .order: "0"
      case .bitmap: "10"
      case .end, .pageCount: "8000"
      case .address: "100000"
      case .byteCount, .alignment: "1000"
      case .goal: "1000000"
      case .page: "1000"
      }
    }

    var json: JSONText {
      .object([
        ("name", .string(rawValue)), ("sentence", .string(sentence)), ("example", .string(example)),
      ])
    }
  }

  /// All calls of boot memory, the most common ones first.
  static var all: [CallForm] {
    let first: [TraceCall] = [.allocate, .reserve, .free, .handOver]
    return (first + TraceCall.allCases.filter { !first.contains($0) }).map { CallForm(call: $0) }
  }

  let call: TraceCall

  private var parameters: [Parameter] {
    switch call {
    case .registerNode: [.node, .bitmap, .first, .end]
    case .registerOnlyNode: [.bitmap, .end]
    case .pageFrameLimits, .handOver: []
    case .bitmapPageCount: [.pageCount]
    case .free, .releaseLate: [.address, .byteCount]
    case .freeOnNode: [.node, .address, .byteCount]
    case .reserve: [.address, .byteCount, .exclusively]
    case .reserveOnNode: [.node, .address, .byteCount, .exclusively]
    case .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail:
      [.byteCount, .alignment, .goal]
    case .allocateBelow: [.byteCount, .alignment, .goal, .limit]
    case .allocateOnNode, .allocateOnNodeOrFail, .allocateOnNodeHigh, .allocateOnNodeLow:
      [.node, .byteCount, .alignment, .goal]
    case .allocateOnNodeBelow, .allocateOnNodeHighBelow:
      [.node, .byteCount, .alignment, .goal, .limit]
    case .checkpoint: [.node]
    }
  }

  private var sentence: String {
    switch call {
    case .registerNode: "Registers a node: a span of pages, all of them reserved at first."
    case .registerOnlyNode: "Registers node 0 from page 0 on, for a machine with one node."
    case .pageFrameLimits: "Says which pages the call before has set as lowest and highest."
    case .bitmapPageCount: "Says how many pages the bitmap of that many pages takes."
    case .free: "Makes the whole pages of a range free."
    case .freeOnNode: "Makes the whole pages of a range of this node free."
    case .reserve: "Reserves every page that a range touches."
    case .reserveOnNode: "Reserves every page of this node that a range touches."
    case .allocate: "Allocates memory; where there is none, a kernel stops."
    case .allocateOrFail: "Allocates memory, or returns NULL."
    case .allocateLow: "Allocates memory below 4 GiB; where there is none, a kernel stops."
    case .allocateLowOrFail: "Allocates memory below 4 GiB, or returns NULL."
    case .allocateBelow: "Allocates memory below a limit, or returns NULL."
    case .allocateOnNode: "Allocates memory of this node, or else of any; or a kernel stops."
    case .allocateOnNodeOrFail: "Allocates memory of this node, or else of any, or returns NULL."
    case .allocateOnNodeBelow: "The same below a limit."
    case .allocateOnNodeHigh: "The same, above 4 GiB where the node has much of that."
    case .allocateOnNodeHighBelow: "The same above 4 GiB first, and below a limit."
    case .allocateOnNodeLow: "The same below 4 GiB."
    case .checkpoint: "Counts the reserved pages of a node and sums its bitmap up."
    case .handOver: "Gives every free page to the page allocator; boot memory ends with that."
    case .releaseLate: "Gives pages to the page allocator after the hand-over."
    }
  }

  var json: JSONText {
    Self.json(
      "\(call.name)", sentence: sentence, parameters, isAfterHandOver: call == .releaseLate)
  }

  static func json(
    _ name: String, sentence: String, _ parameters: [Parameter], isAfterHandOver: Bool
  ) -> JSONText {
    .object([
      ("name", .string(name)), ("sentence", .string(sentence)),
      ("parameters", .array(parameters.map { $0.json })), ("isLate", .bool(isAfterHandOver)),
    ])
  }
}
