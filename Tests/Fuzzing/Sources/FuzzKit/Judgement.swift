// SPDX-License-Identifier: MIT
import Glibc

/// Stops the program, which libFuzzer takes for a finding, where what must hold does not.
@inline(__always)
public func judge(
  _ holds: Bool, _ text: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
  if !holds { fatalError("the judge: " + text(), file: file, line: line) }
}

/// Whether `--calls` among the program's arguments asks for a line for each call.
private let printsCalls = CommandLine.arguments.contains("--calls")

/// Prints a call where that is asked for: what an input means.
@inline(__always)
public func note(_ text: @autoclosure () -> String) {
  guard printsCalls else { return }
  print(text())
  // What follows may stop the program.
  fflush(nil)
}
