// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import Firmware
import MapFiles
import MemoryMap
import PhysicalMemory

/// A machine and what a loader puts into its memory: all that is needed to tell what boot memory
/// will look like there.
public struct BootScenario {
  /// The memory map, and what else the file with it tells.
  public var file: MapFile

  /// The file with the nodes; nil for the nodes that `file` tells of, or one.
  public var nodes: MapFile?

  /// Who holds what on entry: the kernel first, then its modules.
  public var owners: [OwnedRange]

  /// The width of the kernel's addresses.
  public var addressWidth: AddressWidth

  /// The kernel's command line.
  public var commandLine: String

  /// Makes a scenario.
  public init(
    file: MapFile, nodes: MapFile? = nil, kernel: AddressRange, modules: [AddressRange] = [],
    addressWidth: AddressWidth, commandLine: String = ""
  ) {
    self.file = file
    self.nodes = nodes
    self.addressWidth = addressWidth
    self.commandLine = commandLine
    owners = [OwnedRange(range: kernel, owner: .kernelImage)]
    for (number, module) in modules.enumerated() {
      owners.append(OwnedRange(range: module, owner: .loader(.module(number))))
    }
  }

  /// Which memory belongs to which node.
  var affinities: [MemoryAffinity] {
    (nodes ?? file).nodes.map { MemoryAffinity(range: $0.range, node: NodeID($0.node)) }
  }
}

/// Why there is no plan for a scenario.
public struct BootScenarioError: Error, CustomStringConvertible {
  /// The reason, as a sentence.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
