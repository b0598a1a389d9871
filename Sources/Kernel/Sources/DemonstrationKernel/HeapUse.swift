// SPDX-License-Identifier: MIT

/// What an image does where its command line has the word `heap`.
package protocol HeapUse: ~Copyable {
  /// Does it, instead of the hand-over.
  static func run(on memory: inout RecordedMemory, console: inout Console) throws(KernelError)
}
