// SPDX-License-Identifier: MIT

extension NodeRegistering where Self: ~Copyable {
  /// Sets up every node of a machine.
  ///
  /// Usable memory becomes free except for held ranges, which are reserved.  The bitmaps are added
  /// to the account's owners.
  ///
  /// - Parameters:
  ///   - account: The account of the machine; its nodes become those that were set up.
  ///   - sink: Takes the reports, such as that all memory becomes one node as there is too little
  ///     storage.
  /// - Throws: ``BootError/bootPlan(_:)``; nodes already set up stay, for the caller to discard.
  /// - Complexity: O(r × n²) for r usable ranges and n owners, for each stretch, regardless of the
  ///   size of the memory.
  public mutating func setUpNodes(
    of account: inout MachineAccount, reportingTo sink: inout some TextSink
  ) throws(BootError) {
    account.nodes = try BootStage.bootPlan(
      setUpNodes(
        account.nodes, below: account.reach, owners: &account.owners, reportingTo: &sink))
  }
}
