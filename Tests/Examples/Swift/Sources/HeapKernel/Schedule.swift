// SPDX-License-Identifier: MIT

/// Something that the kernel does again and again.
class Job {
  let name: String

  init(name: String) { self.name = name }

  /// Does a part of it.
  ///
  /// - Returns: What to say about it.
  func work() -> String { "nothing" }
}

/// Collects numbers.
final class Counter: Job {
  private var numbers: [Int] = []

  override func work() -> String {
    numbers.append(numbers.count + 1)
    return "the sum of \(numbers.count) numbers is \(numbers.reduce(0, +))"
  }
}

/// Lengthens a text.
final class Echo: Job {
  private var text = ""

  override func work() -> String {
    text += "ol\u{e9}! "
    return "\(text.uppercased())has \(text.count) characters in \(text.utf8.count) bytes"
  }
}

/// Jobs by their names, and listeners that hear what they say.
struct Schedule {
  private var jobs: [String: Job] = [:]
  private var listeners: [(String) -> Void] = []

  mutating func add(_ job: Job) { jobs[job.name] = job }

  mutating func add(listener: @escaping (String) -> Void) { listeners.append(listener) }

  /// Lets every job work once, in the order of the names.
  func work() {
    for name in jobs.keys.sorted() {
      guard let said = jobs[name]?.work() else { continue }
      for listener in listeners { listener("\(name): \(said)") }
    }
  }
}
