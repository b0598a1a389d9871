// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import MemoryReports
import PhysicalMemory
import TextOutput
import TraceReplay

/// Calls in order, and the memory as it is after some of them.
///
/// Every state is reached by making the calls up to it: what is kept are calls and results, and the
/// one allocator that made them last.
final class Session {
  /// The number of nodes that there is storage for, as in a replay.
  static let nodeCapacity = 64

  /// The most calls.
  private static let stepLimit = 100_000

  /// A call.
  struct Step {
    enum Call {
      /// Of boot memory.
      case boot(Trace.Operation)
      /// Of what comes after it.
      case page(PageCall)
    }

    let call: Call

    /// The result that the trace has; nil for a call that was made here.
    let traced: String?

    /// The comment after the call on its line: mostly the owner of what it reserves.
    let note: String

    /// The result here; nil if the call has not been made yet.
    var result: String?

    /// Whether it was refused though Linux says that all is well (D19), as a trace has it.
    var isRefusedSilently = false

    /// The call as a trace has it.
    var text: String {
      switch call {
      case .boot(let operation): operation.text
      case .page(let call): call.text
      }
    }

    /// The result, as it is shown.
    var shownResult: String? { isRefusedSilently ? "EINVAL" : result }

    /// The call, as an answer lists it.
    var json: JSONText {
      .object([
        ("text", .string(text)), ("result", .string(shownResult ?? traced ?? "")),
        ("note", .string(note)),
      ])
    }

    /// The line of the call in a trace.
    var line: String {
      "\(text) -> \(result ?? traced ?? "?")\(note.isEmpty ? "" : " # \(note)")"
    }
  }

  private(set) var steps: [Step]

  /// How many of the calls have been made.
  private(set) var position = 0

  /// The result of the last call, in words.
  private(set) var words = ""

  /// The search of the last call, if it was an allocation.
  private(set) var search: [SearchLine] = []

  /// Whether each call so far ended as in the trace.
  private(set) var differences: [Bool] = []

  var differenceCount: Int { differences.count { $0 } }

  /// The owners of the pages, as the calls say.
  private(set) var owners = PageOwners()

  /// What boot memory was handed over to; nil before the first call to it.
  private(set) var after: PagesAndHeap?

  /// The figures of the machine.
  let header: Trace.Header

  private(set) var replayer: TraceReplayer

  /// Reads a trace.
  ///
  /// - Throws: What is wrong with the trace, with its line.
  init(parsing text: [UInt8]) throws(Refusal) {
    let trace: Trace
    do throws(TraceError) { trace = try Trace(parsing: text) } catch {
      throw Refusal("line \(error.description)")
    }
    guard trace.operations.count <= Self.stepLimit else {
      throw Refusal("more than \(Self.stepLimit) calls")
    }
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var steps: [(line: Int, step: Step)] = trace.operations.map { operation in
      (
        operation.line,
        Step(
          call: .boot(operation), traced: operation.result == "?" ? nil : operation.result,
          note: Self.note(of: lines[operation.line - 1]))
      )
    }
    for (index, line) in lines.enumerated() {
      guard let (call, traced) = PageCall.parse(line) else { continue }
      let step = Step(call: .page(call), traced: traced == "?" ? nil : traced, note: "")
      steps.append((index + 1, step))
    }
    steps.sort { $0.line < $1.line }
    self.steps = steps.map { $0.step }
    header = trace.header
    replayer = TraceReplayer(trace.header)
  }

  private static func note(of line: ArraySlice<UInt8>) -> String {
    guard let hash = line.firstIndex(of: UInt8(ascii: "#")) else { return "" }
    let note = line[hash...].drop { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: " ") }
    return String(decoding: note, as: UTF8.self)
  }

  /// The calls of boot memory that have been made.
  var madeOperations: [Trace.Operation] {
    steps.prefix(position).compactMap { step in
      if case .boot(let operation) = step.call { operation } else { nil }
    }
  }

  /// Makes a call of boot memory.
  ///
  /// - Throws: That the module has too little memory for a bitmap.
  static func result(
    of operation: Trace.Operation, by replayer: TraceReplayer
  ) throws(Refusal) -> String {
    do throws(TraceError) { return try replayer.result(of: operation) } catch {
      throw Refusal(error.message)
    }
  }

  /// The session as a trace, which `bootmem replay` takes: pages and heap are comments there.
  var text: String {
    var text = "word \(header.wordBitCount == 32 ? "20" : "40")\npage_shift c\n"
    text += "low_limit \(String(header.lowAddressLimit, radix: 16))\n"
    text += "max_dma32_pfn \(String(header.maxDMA32PageFrameNumber, radix: 16))\n"
    return text + steps.map { "\($0.line)\n" }.joined()
  }

  /// Goes to the state after the first `count` calls, or all where there are fewer.
  func go(to count: Int) throws(Refusal) {
    let target = min(max(count, 0), steps.count)
    if target < position {
      after = nil
      replayer = TraceReplayer(header)
      owners = PageOwners()
      differences = []
      position = 0
      words = ""
      search = []
    }
    while position < target { try perform() }
  }

  /// Makes the next call.
  private func perform() throws(Refusal) {
    let result: String
    search = []
    switch steps[position].call {
    case .boot(let operation):
      let searching = Search(for: operation, in: replayer.memory)
      result = try searching.result(of: operation, by: replayer)
      search = searching.lines(result, in: replayer.memory)
      words = Self.words(result, replayer.refusal)
      steps[position].isRefusedSilently = replayer.refusal == .handedOver && result == "0"
      owners.apply(operation.effect(of: result), of: operation.call)
      differences.append(
        steps[position].traced.map { _ in !replayer.agrees(result, with: operation) } ?? false)
      if operation.call == .releaseLate, let after, let pages = operation.pages(of: result) {
        after.release(pages)
      }
    case .page(let call):
      if after == nil { after = try PagesAndHeap(from: self) }
      guard let after else { throw Refusal("there is no page allocator") }
      (result, words) = after.make(call)
      owners.apply(call.effect(of: result), of: .allocate)
      differences.append(steps[position].traced.map { $0 != result } ?? false)
    }
    steps[position].result = result
    position += 1
  }

  /// The result of a call, as a sentence.
  private static func words(_ result: String, _ refusal: BootMemoryError?) -> String {
    guard let refusal else {
      switch result {
      case "ok", "0": return "done"
      default: return "returns \(result)"
      }
    }
    var sink = StringSink()
    refusal.write(to: &sink)
    return "refused: \(sink.text)"
  }

  /// Makes a call, in place of those that have not been made yet.
  ///
  /// - Throws: What is wrong with the text; the session is as it was.
  func add(_ text: String, note: String = "") throws(Refusal) {
    guard position < Self.stepLimit else { throw Refusal("more than \(Self.stepLimit) calls") }
    let line = "\(text) -> ?"
    let step: Step
    if let (call, _) = PageCall.parse(Array(line.utf8)[...]) {
      guard replayer.memory.isHandedOver || after != nil else {
        throw Refusal("there is no page allocator before the hand-over: free_all comes first")
      }
      step = Step(call: .page(call), traced: nil, note: note)
    } else {
      step = Step(call: .boot(try operation(line)), traced: nil, note: note)
    }
    let dropped = steps[position...]
    steps.removeSubrange(position...)
    steps.append(step)
    do throws(Refusal) { try perform() } catch {
      steps.removeLast()
      steps += dropped
      throw error
    }
  }

  /// Removes the last call, which has changed nothing.
  func removeLast() {
    steps.removeLast()
    differences.removeLast()
    position -= 1
  }

  private func operation(_ line: String) throws(Refusal) -> Trace.Operation {
    let trace: Trace
    do throws(TraceError) { trace = try Trace(parsing: line) } catch {
      throw Refusal(error.message)
    }
    guard let operation = trace.operations.first else { throw Refusal("no call: \(line)") }
    return operation
  }

  /// The most calls that an answer lists, and how many of them lie before the present one.
  private static let listedCount = 300
  private static let listedBefore = 100

  /// The answer: where the session is, the result of the last call, and the calls around it.
  var json: JSONText {
    let first = max(position - Self.listedBefore, 0)
    var members: [(String, JSONText)] = [
      ("position", .number(position)), ("count", .number(steps.count)),
      ("isHandedOver", .bool(replayer.memory.isHandedOver)),
      ("hasPages", .bool(after != nil)), ("nodes", .array(nodes)),
      ("end", .hexadecimal(end.number)),
      ("step", position > 0 ? json(of: position - 1) : .null),
      ("firstCall", .number(first)),
      ("calls", .array(steps[first...].prefix(Self.listedCount).map { $0.json })),
    ]
    if let after { members.append(("after", after.json)) }
    return .object(members)
  }

  /// The call that was made last, as an answer shows it.
  private func json(of index: Int) -> JSONText {
    let step = steps[index]
    var members: [(String, JSONText)] = [
      ("text", .string(step.text)), ("note", .string(step.note)),
      ("result", .string(step.shownResult ?? "")),
      ("traced", step.traced.map { .string($0) } ?? .null),
      ("differs", .bool(differences[index] || step.isRefusedSilently)), ("words", .string(words)),
      ("search", .array(search.map { $0.json })),
    ]
    switch step.call {
    case .boot(let operation):
      members.append(("swift", .string(operation.swiftCode)))
      members.append(("c", .string(operation.cCode)))
      if let pages = operation.pages(of: step.result ?? ""), !pages.isEmpty {
        members.append(("first", .hexadecimal(pages.start.number)))
        members.append(("end", .hexadecimal(pages.end.number)))
      }
    case .page(let call):
      members.append(("swift", .string(call.swiftCode)))
      members.append(("c", .string(call.cCode)))
    }
    return .object(members)
  }

  /// The end of the highest node that there is or will be.
  private var end: PageFrame {
    var end = PageFrame(1)
    for step in steps {
      if case .boot(let operation) = step.call, operation.registers,
        let pages = Self.span(of: operation)
      {
        end = max(end, pages.end)
      }
    }
    return min(end, .end)
  }

  private static func span(of operation: Trace.Operation) -> PageRange? {
    // Whatever the size of the bitmap is.
    if case .registers(let span) = operation.effect(of: "0") { span } else { nil }
  }

  /// The number of free pages of all nodes.
  var freePageCount: UInt64 {
    (0..<Self.nodeCapacity).reduce(0) { $0 + replayer.memory.freePageCount(on: NodeID($1)) }
  }

  private var nodes: [JSONText] {
    var nodes: [JSONText] = []
    for number in 0..<Self.nodeCapacity {
      let id = NodeID(number)
      guard let node = replayer.memory.node(id), node.isRegistered else { continue }
      let free = replayer.memory.isHandedOver ? 0 : replayer.memory.freePageCount(on: id)
      nodes.append(
        .object([
          ("id", .number(number)), ("first", .hexadecimal(node.span.start.number)),
          ("end", .hexadecimal(node.span.end.number)), ("free", .number(free)),
          ("freeSize", .string(sizeText(free << PageFrame.byteCountShift))),
          ("hint", .hexadecimal(node.hint.number)),
          ("lastEnd", .hexadecimal(node.lastEnd.rawValue)),
        ]))
    }
    return nodes
  }
}

extension Trace.Operation {
  /// Whether the call registers a node.
  var registers: Bool { call == .registerNode || call == .registerOnlyNode }
}
