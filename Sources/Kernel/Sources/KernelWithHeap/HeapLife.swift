// SPDX-License-Identifier: MIT
import Synchronization

/// Objects that come and go, collections that grow, texts that are made: what a kernel in Swift does
/// once there is a heap.
struct HeapLife {
  /// The number of objects, of all lives, that have been made and not destroyed.
  static var aliveCount: UInt64 { alive.load(ordering: .relaxed) }
  fileprivate static let alive = Atomic<UInt64>(0)

  private var rounds = 0
  private var numbers: [Int] = []
  private var shapes: [Shape] = []
  private var wordCounts: [String: Int] = [:]
  private var growth: [(Int) -> Int] = []

  /// What was seen in a part of a life.
  struct Report {
    var lines: [String] = []
    var isAsExpected = true

    /// Notes what something is, and compares it with what it should be.
    mutating func note<Value: Equatable>(
      _ text: String, _ value: Value, shouldBe expected: Value
    ) {
      lines.append(text)
      if value != expected { isAsExpected = false }
    }
  }

  /// Lives on: everything that is there already grows by as much again.
  mutating func live() -> Report {
    rounds += 1
    var report = Report()
    grow(&report)
    read(&report)
    count(&report)
    draw(&report)
    return report
  }

  private mutating func grow(_ report: inout Report) {
    for _ in 0..<1000 { numbers.append(numbers.count) }
    let sum = numbers.reduce(0, +)
    let count = 1000 * rounds
    report.note(
      "array: \(numbers.count) numbers, sum \(sum)", sum, shouldBe: count * (count - 1) / 2)
    let even = numbers.filter { $0.isMultiple(of: 2) }.map { $0 / 2 }.sorted(by: >)
    report.note(
      "the even ones, halved and sorted: \(even.count), from \(even[0])", even[0],
      shouldBe: count / 2 - 1)
  }

  private func read(_ report: inout Report) {
    let composed = "caf\u{e9}"
    let decomposed = "cafe\u{301}"
    report.note(
      "\(composed) of \(composed.utf8.count) bytes equals that of \(decomposed.utf8.count)",
      composed == decomposed, shouldBe: true)
    let flags = "\u{1f1e8}\u{1f1ed}\u{1f469}\u{200d}\u{1f680}e\u{301}"
    report.note("characters of \(flags): \(flags.count)", flags.count, shouldBe: 3)
    let street = "stra\u{df}e"
    report.note(
      "\(street) in upper case: \(street.uppercased())", street.uppercased(), shouldBe: "STRASSE")
    report.note("ordered: a < \u{e4}", "a" < "\u{e4}", shouldBe: true)
  }

  private mutating func count(_ report: inout Report) {
    let text = "the first memory that a kernel runs on is the memory that it boots from"
    for word in text.split(separator: " ") { wordCounts[String(word), default: 0] += 1 }
    let memory = wordCounts["memory"] ?? 0
    report.note(
      "dictionary: \(wordCounts.count) words, \u{2018}memory\u{2019} \(memory) times", memory,
      shouldBe: 2 * rounds)
    let counts = Set(wordCounts.values)
    report.note("set: \(counts.count) different counts", counts.count, shouldBe: 2)
  }

  private mutating func draw(_ report: inout Report) {
    for number in 1...20 {
      shapes.append(number.isMultiple(of: 2) ? Square(side: number) : Rectangle(number, 2))
    }
    let area = shapes.reduce(0) { $0 + $1.area }
    report.note("objects: \(shapes.count) of area \(area)", area, shouldBe: 1740 * rounds)
    let factor = rounds
    growth.append { $0 * 10 + factor }
    let grown = growth.reduce(0) { $1($0) }
    report.note("closures: \(grown)", grown, shouldBe: rounds == 1 ? 1 : 12)
    let alive = HeapLife.aliveCount
    report.note("alive: \(alive)", alive, shouldBe: UInt64(20 * rounds))
  }
}

/// A shape that is counted as long as it lives.
private class Shape {
  var area: Int { 0 }

  init() { HeapLife.alive.wrappingAdd(1, ordering: .relaxed) }

  deinit { HeapLife.alive.wrappingSubtract(1, ordering: .relaxed) }
}

private final class Square: Shape {
  let side: Int

  init(side: Int) { self.side = side }

  override var area: Int { side * side }
}

private final class Rectangle: Shape {
  let sides: [Int]

  init(_ sides: Int...) { self.sides = sides }

  override var area: Int { sides.reduce(1, *) }
}
