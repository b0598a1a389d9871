// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import Foundation
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// The table of the ledger's cases, `Tests/Fixtures/ledger/cases.txt`, by the calls of Swift; the
/// archive's test `ledger_cases.c` makes them by those of C.
@Suite(.onPagesOf4KiB) struct LedgerCaseTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var calls: [(line: Int, call: String)] = []
    var testDescription: String { name }
  }

  static let cases: [Case] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/ledger/cases.txt")
    var cases: [Case] = []
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty && !line.hasPrefix("#") {
      if line.hasPrefix("case ") {
        cases.append(Case(name: String(line.dropFirst(5))))
      } else {
        cases[cases.count - 1].calls.append((index + 1, String(line)))
      }
    }
    return cases
  }()

  @Test func table_isThere() { #expect(Self.cases.count >= 30) }

  @Test(arguments: cases) func table(_ aCase: Case) throws {
    var machine = try Machine()
    for (line, call) in aCase.calls {
      let words = call.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      let rest = words.count > 1 ? String(words[1]) : ""
      if words[0] == "says" {
        #expect(machine.nextSaid() == rest, "cases.txt:\(line)")
        continue
      }
      #expect(machine.nextSaid() == "", "cases.txt:\(line)")
      let parts = rest.components(separatedBy: "= ")
      let result = try machine.make(words[0], parts[0].trimmingCharacters(in: .whitespaces))
      #expect(result == (parts.count > 1 ? parts[1] : ""), "cases.txt:\(line)")
    }
    #expect(machine.nextSaid() == "")
  }
}

/// A machine of 64 pages, and what its ledger has said.
@safe private struct Machine: ~Copyable {
  private final class Lines {
    var text = ""
  }

  private let lines = Lines()
  private let fixture: PlanFixture
  private var memory: BootMemory
  private var owners: OwnerTable

  init() throws {
    let fixture = try PlanFixture(usable: [0..<64])
    var memory = fixture.memory()
    try memory.registerNode(NodeID(0), spanning: range(0..<64), bitmapAt: 1)
    try memory.free(range(2..<64))
    owners = try fixture.owners(capacity: 0)
    self.fixture = fixture
    self.memory = memory
  }

  /// The next line that was printed; "" for none.
  func nextSaid() -> String {
    guard let end = lines.text.firstIndex(of: "\n") else { return "" }
    defer { lines.text.removeSubrange(...end) }
    return String(lines.text[..<end])
  }

  /// Makes a call; the result is as the table has it.
  mutating func make(_ call: Substring, _ words: String) throws -> String {
    let arguments = words.split(separator: " ")
    func number(_ index: Int) throws -> UInt64 {
      try #require(UInt64(arguments[index], radix: 16))
    }
    func bytes() throws -> AddressRange {
      try #require(
        AddressRange(start: PhysicalAddress(try number(0)), byteCount: try number(1)))
    }
    switch call {
    case "ledger": owners = try fixture.owners(capacity: try #require(Int(words)))
    case "checks":
      let capacity = try #require(Int(words))
      unsafe owners.startChecking(
        freedRanges: fixture.freedStorage(capacity: capacity),
        context: Unmanaged.passUnretained(lines).toOpaque()
      ) { context, text, byteCount in
        let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
        unsafe Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue().text +=
          String(decoding: bytes, as: UTF8.self)
      }
    case "allocate", "as-it-is":
      var request = AllocationRequest(
        byteCount: try number(0), alignment: try number(1), goal: .none)
      request.clearsMemory = call == "allocate"
      do throws(BootMemoryError) {
        let owner = name(arguments.dropFirst(2))
        let address = try memory.allocate(request, as: owner, in: &owners)
        return String(address.rawValue, radix: 16)
      } catch {
        if case .outOfMemory = error { return "no memory" }
        return "refused"
      }
    case "reserve", "exclusive":
      do throws(BootMemoryError) {
        let (range, owner) = (try! bytes(), name(arguments.dropFirst(2)))
        try memory.reserve(range, as: owner, exclusively: call == "exclusive", in: &owners)
        return "done"
      } catch {
        guard case .alreadyReserved = error else { return "refused" }
        var sink = PrintedText()
        owners.write(error, to: &sink)
        lines.text += "bootmem: \(sink.text)\n"
        return "busy"
      }
    case "free":
      do throws(BootMemoryError) {
        try memory.free(try! bytes(), in: &owners)
        return "done"
      } catch { return "refused" }
    case "label":
      owners.note(
        OwnedRange(
          range: try bytes(), owner: name(arguments.dropFirst(2)), isAllocated: true))
    case "unlabel": owners.remove(try bytes())
    case "holder":
      guard let owner = owners.owner(of: PageFrame(try number(0))) else { return "nobody" }
      var sink = PrintedText()
      owner.write(to: &sink)
      return sink.text
    case "reserved": return memory.isReserved(PageFrame(try number(0))) == true ? "yes" : "no"
    case "write":
      let place = unsafe try #require(memory.pointer(to: PhysicalAddress(try number(0))))
      unsafe place.storeBytes(of: UInt8(try number(1)), as: UInt8.self)
    case "byte":
      let place = unsafe try #require(memory.pointer(to: PhysicalAddress(try number(0))))
      return unsafe String(place.load(as: UInt8.self), radix: 16)
    case "check": return String(memory.checkMemory(in: &owners))
    case "report":
      var sink = PrintedText()
      owners.writeReport(to: &sink)
      lines.text += sink.text
    case "hand": try memory.handOver(maximumOrder: 10) { _ in }
    case "release":
      return String(
        try memory.releaseLate(name(arguments[...]), in: &owners, of: fixture.map) { _ in })
    default: Issue.record("\(call) is no call")
    }
    return ""
  }

  private func name(_ words: ArraySlice<Substring>) -> MemoryOwner {
    let text = words.joined(separator: " ")
    // It stays: owners point to their names.
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = unsafe copy.initialize(from: text.utf8)
    return unsafe .named(MemoryName(UnsafeBufferPointer(copy)))
  }
}
