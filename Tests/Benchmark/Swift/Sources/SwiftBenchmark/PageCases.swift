// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory

/// Pages after the hand-over, on any node, on one that is preferred, and on one only.
func pageCases() -> [Case] {
  [
    ("pages", nil, .preferred), ("pages-node", NodeID(0), .preferred),
    ("pages-only", NodeID(0), .only),
  ].flatMap { (name: String, node: NodeID?, policy: PageAllocator.NodePolicy) in
    [
      pairs("\(name)-pair-0", order: 0, on: node, policy),
      pairs("\(name)-pair-9", order: 9, on: node, policy),
      Case(name: "\(name)-bulk-0", operationCount: 100_000, prepare: keepPages) { machine in
        let pages = unsafe machine.pages!
        for _ in 0..<100_000 {
          _ = unsafe try pages.pointee.allocate(order: 0, on: node, policy: policy)
        }
      },
    ]
  }
}

/// A block is allocated and freed again, 100 000 times.
private func pairs(
  _ name: String, order: Int, on node: NodeID?, _ policy: PageAllocator.NodePolicy
) -> Case {
  Case(name: name, operationCount: 100_000, prepare: keepPages) { machine in
    let pages = unsafe machine.pages!
    for _ in 0..<100_000 {
      let page = unsafe try pages.pointee.allocate(order: order, on: node, policy: policy)
      unsafe try pages.pointee.free(page, order: order)
    }
  }
}

private func keepPages(_ machine: inout Machine) throws {
  try registerClean(&machine)
  try machine.keepPages()
}
