// SPDX-License-Identifier: MIT

extension NodeRegistering where Self: ~Copyable {
  /// Sets up every node of a machine: its usable memory is free but for what is held, which is reserved.
  /// The bitmaps are added to the account's owners.
  ///
  /// - Parameters:
  ///   - account: The account of the machine; its nodes are those that were set up.
  ///   - sink: Takes the report if all memory becomes one node, as there is too little storage.
  /// - Throws: ``BootError/bootPlan(_:)``; nodes that were set up before stay, for the caller to give up.
  /// - Complexity: O(r × n²) for r usable ranges and n owners, for each stretch; whatever the size of
  ///   the memory.
  public mutating func setUpNodes(
    of account: inout MachineAccount, reportingTo sink: inout some TextSink
  ) throws(BootError) {
    account.nodes = try BootStage.bootPlan(
      setUpNodes(
        account.nodes, below: account.reach, owners: &account.owners, reportingTo: &sink))
  }
}
