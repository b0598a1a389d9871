// SPDX-License-Identifier: MIT
import PageAllocator

/// Storage of the page allocator's nodes.
@safe struct PageNodes: @unchecked Sendable {
  let nodes: UnsafeMutableBufferPointer<PageNode>

  init(capacity: Int) {
    unsafe nodes = .allocate(capacity: capacity)
  }
}
