// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The devices that a tree assigns to a purpose.
extension DeviceTree {
  /// The console device: the one that "stdout-path" in `/chosen` refers to, by a path or by an
  /// alias, optionally followed by a colon and options.
  ///
  /// - Returns: nil if the tree names none; nil, with a report, if there is no such device, or if
  ///   it is disabled or has no registers within the processor's reach.
  public func standardOutput(reportingTo sink: inout some TextSink) -> DeviceTreeDevice<Memory>? {
    guard let chosen = root.child("chosen"), let value = chosen.property("stdout-path") else {
      return nil
    }
    let path = value.prefix(upTo: 0).prefix(upTo: UInt8(ascii: ":"))
    guard let branch = branch(path) else {
      sink.report(
        FirmwareProblem("device tree stdout-path", at: value.range.start, "leads to no node"))
      return nil
    }
    guard branch.last.isAvailable, let device = DeviceTreeDevice(branch) else {
      sink.report(
        FirmwareProblem(
          "device tree stdout-path", at: value.range.start,
          "leads to a node that is disabled or out of the processor's reach",
          value: branch.last.address.rawValue))
      return nil
    }
    return device
  }

  /// The first enabled device in the tree that is compatible with `name`, such as `sifive,test0`;
  /// nil if there is none, or if it has no registers within the processor's reach.
  ///
  /// - Complexity: O(n) in the size of the tree.
  public func device(compatibleWith name: StaticString) -> DeviceTreeDevice<Memory>? {
    DeviceTreeBranch(compatibleWith: name, from: root).flatMap { DeviceTreeDevice($0) }
  }

  /// How firmware is called to power off or restart the machine; nil if that is not possible, as it
  /// requires at least version 0.2 of the interface.
  public var psciConduit: PSCIConduit? {
    guard let node = root.child("psci"), node.isAvailable,
      node.isCompatible(with: "arm,psci-1.0") || node.isCompatible(with: "arm,psci-0.2"),
      let method = node.property("method")
    else { return nil }
    if method.holds("hvc") { return .hypervisorCall }
    if method.holds("smc") { return .secureMonitorCall }
    return nil
  }

  /// The node that a path, or an alias of one, refers to.
  private func branch(_ path: BoundedBytes<Memory>) -> DeviceTreeBranch<Memory>? {
    if path.starts(with: "/") { return DeviceTreeBranch(path, from: root) }
    // Longer names are not valid aliases (Devicetree Specification 0.4, 3.3), and slow to compare.
    guard path.byteCount <= 31, let aliased = root.child("aliases")?.property(path) else {
      return nil
    }
    return DeviceTreeBranch(aliased.prefix(upTo: 0), from: root)
  }
}
