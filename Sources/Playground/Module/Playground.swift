// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import MapFiles
import MemoryReports
import PhysicalMemory

/// What the page shows: a machine, and the calls that were made on it.
///
/// The page keeps nothing of either and works nothing out: it sends requests, and draws the answers.
struct Playground {
  private var machine: Machine?
  private var session: Session?

  /// Does what a request says: a line `NAME ARGUMENT…`, and data behind it.
  ///
  /// | request | data | answer |
  /// | --- | --- | --- |
  /// | `calls` | | the calls that there are, with their parameters |
  /// | `read FORM NAME` | a file | the machine; FORM is `auto` where the file says it itself |
  /// | `nodes NAME` | a file | the same machine with the nodes of this file |
  /// | `entries` | a table | the same machine with these entries as its map |
  /// | `machine` | | the machine as it is |
  /// | `boot BITS` | | the session with the calls that set up boot memory on the machine |
  /// | `trace` | a trace | the session |
  /// | `go N` | | the session as it is after N calls |
  /// | `call` | a call | the session after that call, which replaces all that follow |
  /// | `fill`, `random SEED COUNT` | | the session after calls that take all there is, or any |
  /// | `check` | | how many calls have a result that differs from the trace |
  /// | `save` | | the session as a trace |
  /// | `draw FIRST SHIFT COUNT` | | COUNT stretches of 2^SHIFT pages from page FIRST on |
  /// | `page NUMBER` | | what is known of a page |
  /// | `blocks` | | the blocks that would be handed over now, or those that have been |
  ///
  /// - Returns: The answer; `{"error": TEXT}` for a request that cannot be met, which changes
  ///   nothing.
  mutating func answer(to request: [UInt8]) -> JSONText {
    let head = request.prefix { $0 != UInt8(ascii: "\n") }
    let data = Array(request.dropFirst(head.count + 1))
    let words = String(decoding: head, as: UTF8.self).split(separator: " ").map { String($0) }
    do throws(Refusal) {
      return try answer(to: words.first ?? "", words.dropFirst().map { $0 }, data)
    } catch {
      return .object([("error", .string(error.text))])
    }
  }

  private mutating func answer(
    to name: String, _ arguments: [String], _ data: [UInt8]
  ) throws(Refusal) -> JSONText {
    switch name {
    case "calls":
      return .array(CallForm.all.map { $0.json } + PageCall.Kind.allCases.map { $0.json })
    case "read":
      let form = MapFileForm(rawValue: arguments.first ?? "")
      let name = arguments.dropFirst().joined(separator: " ")
      let machine = try Machine(reading: data, name: name, form: form)
      self.machine = machine
      return machine.json
    case "nodes":
      let machine = try chosenMachine().replacingNodes(
        with: data, name: arguments.joined(separator: " "))
      self.machine = machine
      return machine.json
    case "entries":
      let machine = try chosenMachine().replacingEntries(with: data)
      self.machine = machine
      return machine.json
    case "machine":
      return try chosenMachine().json
    case "boot":
      let text = try chosenMachine().setUpCalls(width: arguments.first == "32" ? .bits32 : .bits64)
      return try begin(Array(text.utf8))
    case "trace":
      let answer = try begin(data)
      machine = nil
      return answer
    default:
      guard let session else { throw Refusal("no call has been made") }
      return try answer(to: name, arguments, data, session)
    }
  }

  private func chosenMachine() throws(Refusal) -> Machine {
    guard let machine else { throw Refusal("there is no machine") }
    return machine
  }

  private mutating func begin(_ text: [UInt8]) throws(Refusal) -> JSONText {
    // The old one gives its memory back first.
    session = nil
    let session = try Session(parsing: text)
    self.session = session
    return session.json
  }

  private func answer(
    to name: String, _ arguments: [String], _ data: [UInt8], _ session: Session
  ) throws(Refusal) -> JSONText {
    let numbers = arguments.map { UInt64($0, radix: 16) }
    func number(_ index: Int) throws(Refusal) -> UInt64 {
      guard index < numbers.count, let number = numbers[index] else {
        throw Refusal("\(name): a hexadecimal number is missing")
      }
      return number
    }
    switch name {
    case "go":
      try session.go(to: Int(clamping: number(0)))
      return session.json
    case "call":
      try session.add(String(decoding: data, as: UTF8.self))
      return session.json
    case "fill":
      try session.fill()
      return session.json
    case "random":
      try session.addRandomCalls(seed: number(0), count: Int(clamping: number(1)))
      return session.json
    case "check":
      try session.go(to: session.steps.count)
      return .object([
        ("calls", .number(session.steps.count)), ("differing", .number(session.differenceCount)),
      ])
    case "save":
      return .object([("trace", .string(session.text))])
    case "draw":
      return try session.drawing(
        from: number(0), shift: number(1), count: Int(clamping: number(2)))
    case "page":
      let page = PageFrame(try number(0))
      return session.description(of: page, machine?.sentences(on: page) ?? [])
    case "blocks":
      return session.blocks
    default:
      throw Refusal("no such request: \(name)")
    }
  }
}

/// Why a request could not be answered, as a sentence.
struct Refusal: Error {
  let text: String

  init(_ text: String) { self.text = text }
}
