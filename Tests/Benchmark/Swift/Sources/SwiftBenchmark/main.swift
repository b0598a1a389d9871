// SPDX-License-Identifier: MIT

// What the calls of the Swift API cost.
//
//     SwiftBenchmark CASE      runs one case; `measured` is the function to count instructions in
//     SwiftBenchmark --list    prints a line for each case: its name and the number of operations

/// Not inlined: the profiler counts from its entry to its return.
@inline(never)
func measured(_ row: Case, _ machine: inout Machine) throws { try row.run(&machine) }

/// Prepares a row, runs it, and prints its time.
func run(_ row: Case) throws {
  var machine = Machine()
  try row.prepare(&machine)
  let clock = ContinuousClock()
  let start = clock.now
  try measured(row, &machine)
  print("\((clock.now - start) / .nanoseconds(row.operationCount)) ns per operation")
}

guard CommandLine.arguments.count == 2 else {
  fatalError("usage: SwiftBenchmark CASE | --list")
}
if CommandLine.arguments[1] == "--list" {
  for row in allCases() { print(row.name, row.operationCount) }
} else {
  guard let row = allCases().first(where: { $0.name == CommandLine.arguments[1] }) else {
    fatalError("no such case: \(CommandLine.arguments[1])")
  }
  try run(row)
}
