import PhysicalMemory

/// A range of memory and the node that it belongs to, as firmware tells it in its SRAT or device tree.
public struct NodeMemory: Hashable, Sendable {
  /// The most nodes that Linux can be built for, and so the end of the numbers that it prints.
  static let nodeLimit = 1024

  /// The number of the line, from 1; nil in a file without lines.
  public var line: Int?

  /// The node's number.
  public var node: Int

  /// ACPI's proximity domain, or the number that a device tree gives.
  public var proximityDomain: UInt64

  /// The addresses.
  public var range: AddressRange

  /// Whether memory can be plugged in there while the machine runs.
  public var isHotPluggable: Bool

  /// Makes a range of a node.
  public init(
    line: Int?, node: Int, proximityDomain: UInt64, range: AddressRange, isHotPluggable: Bool
  ) {
    self.line = line
    self.node = node
    self.proximityDomain = proximityDomain
    self.range = range
    self.isHotPluggable = isHotPluggable
  }
}
