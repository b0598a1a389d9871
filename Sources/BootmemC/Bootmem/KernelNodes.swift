// SPDX-License-Identifier: MIT
import CBootmem
import PhysicalMemory

extension NodeID {
  /// The node that a `pg_data_t *` of the kernel's own stands for, as `platform.node_number` says.
  @inline(never)
  init(ofKernelNode pointer: OpaquePointer?) throws(Refusal) {
    guard let pointer = unsafe pointer else { throw .nullNode }
    let platform = unsafe LibraryState.platform
    guard let number = unsafe platform.pointee.node_number?(platform.pointee.context, pointer),
      number >= 0, number < BOOTMEM_MAX_NODES
    else { throw .foreignNode(UInt(bitPattern: pointer)) }
    self.init(Int(number))
  }
}
