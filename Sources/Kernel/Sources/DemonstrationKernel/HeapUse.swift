// SPDX-License-Identifier: MIT

/// What an image does where its command line has the word `heap`, instead of the hand-over.
package typealias HeapUse = (
  _ memory: inout RecordedMemory, _ console: inout Console
) throws(KernelError) -> Void
