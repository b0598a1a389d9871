// SPDX-License-Identifier: MIT

/// Something to fuzz: a name, and what is done with an input.
public struct FuzzTarget: Sendable {
  let name: String
  let run: @Sendable (inout FuzzInput) -> Void

  /// Makes a target.
  public init(_ name: String, _ run: @escaping @Sendable (inout FuzzInput) -> Void) {
    self.name = name
    self.run = run
  }

  /// The target that `--target=NAME` among the program's arguments names; libFuzzer passes over
  /// arguments with two dashes.
  public static func named(in targets: [FuzzTarget]) -> FuzzTarget {
    let option = "--target="
    let name = CommandLine.arguments.first { $0.hasPrefix(option) }?.dropFirst(option.count)
    guard let target = targets.first(where: { $0.name == name ?? "" }) else {
      fatalError("\(option) wants one of: " + targets.map(\.name).joined(separator: " "))
    }
    return target
  }

  /// Makes a run with an input, as libFuzzer's `LLVMFuzzerTestOneInput` has it.
  public func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(UnsafeBufferPointer(start: bytes, count: count))
    run(&input)
    return 0
  }
}
