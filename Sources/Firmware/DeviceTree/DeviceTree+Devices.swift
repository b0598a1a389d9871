// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The devices that a tree names for a purpose.
extension DeviceTree {
  /// The device for the console: what "stdout-path" in `/chosen` leads to, by a path or by the name
  /// of an alias, perhaps with options behind a colon.
  ///
  /// - Returns: nil if the tree names none; nil, and a report, if there is no such device, or it is
  ///   disabled or has no registers within the processor's reach.
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

  /// The first device in the tree that is compatible with `name`, such as `sifive,test0`, and is not
  /// disabled; nil if there is none, or it has no registers within the processor's reach.
  ///
  /// - Complexity: O(n) in the size of the tree.
  public func device(compatibleWith name: StaticString) -> DeviceTreeDevice<Memory>? {
    DeviceTreeBranch(compatibleWith: name, from: root).flatMap { DeviceTreeDevice($0) }
  }

  /// How firmware is called to end or restart the machine; nil if it cannot be, which needs version
  /// 0.2 of the interface at least.
  public var psciConduit: PSCIConduit? {
    guard let node = root.child("psci"), node.isAvailable,
      node.isCompatible(with: "arm,psci-1.0") || node.isCompatible(with: "arm,psci-0.2"),
      let method = node.property("method")
    else { return nil }
    if method.holds("hvc") { return .hypervisorCall }
    if method.holds("smc") { return .secureMonitorCall }
    return nil
  }

  /// The node of a path, or of an alias of one.
  private func branch(_ path: BoundedBytes<Memory>) -> DeviceTreeBranch<Memory>? {
    if path.starts(with: "/") { return DeviceTreeBranch(path, from: root) }
    // Longer names are none (Devicetree Specification 0.4, 3.3), and take long to compare.
    guard path.byteCount <= 31, let aliased = root.child("aliases")?.property(path) else {
      return nil
    }
    return DeviceTreeBranch(aliased.prefix(upTo: 0), from: root)
  }
}
