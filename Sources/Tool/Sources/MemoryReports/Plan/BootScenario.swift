// SPDX-License-Identifier: MIT
import BootMemory
import MapFiles
import MemoryMap
import PhysicalMemory

/// A machine and what a loader puts into its memory: all that is needed to say what boot memory
/// will look like there.
public struct BootScenario {
  /// The most nodes, or parts of nodes, that are set up, unless the file is of a kernel that has
  /// storage for fewer.
  static let nodeCapacity = 1024

  /// The memory map, and what else the file with it says.
  public var file: MapFile

  /// The nodes; nil for those of `file`, or one.
  public var nodes: NodeLayout?

  /// Where the kernel's image lies; nil where the file says it.
  public var kernel: AddressRange?

  /// Where modules lie, in addition to those in the file.
  public var modules: [AddressRange]

  /// The width of the kernel's addresses.
  public var addressWidth: AddressWidth

  /// What to append to the kernel's command line.
  public var commandLine: String

  /// Makes a scenario.
  public init(
    file: MapFile, nodes: NodeLayout? = nil, kernel: AddressRange? = nil,
    modules: [AddressRange] = [], addressWidth: AddressWidth, commandLine: String = ""
  ) {
    self.file = file
    self.nodes = nodes
    self.kernel = kernel
    self.modules = modules
    self.addressWidth = addressWidth
    self.commandLine = commandLine
  }

  /// The end of the kernel's reach.
  var reach: PageFrame { min(addressWidth.endPageFrame, file.kernel?.reach ?? .end) }

  /// Checks that the kernel and the modules that the caller placed, apart from those in the file,
  /// lie in usable memory and do not overlap.
  func checkPlaces(in map: MemoryMap) throws(BootScenarioError) {
    guard kernel != nil || file.hasKernel else {
      throw BootScenarioError("does not say where the kernel lies; --kernel does")
    }
    var owners = modules.enumerated().map { number, module in
      OwnedRange(range: module, owner: .loader(.module(number)))
    }
    if let kernel { owners.insert(OwnedRange(range: kernel, owner: .kernelImage), at: 0) }
    for (index, owner) in owners.enumerated() {
      guard !owner.range.isEmpty else {
        throw BootScenarioError("\(owner.name) has no byte")
      }
      guard owner.range.touchedPages.end <= reach else {
        throw BootScenarioError("\(owner.place) lies beyond the reach of the processor")
      }
      guard map.hasUsable(owner.range.touchedPages) else {
        throw BootScenarioError("\(owner.place) does not lie wholly in usable memory")
      }
      for other in owners[..<index] where other.range.overlaps(owner.range) {
        throw BootScenarioError("\(owner.place) overlaps \(other.place)")
      }
    }
  }
}

extension MapFile {
  /// Whether the file says where the kernel lies.
  public var hasKernel: Bool { heldRanges.contains { $0.owner == .kernelImage } }
}

extension OwnedRange {
  /// The name of the owner, and the range.
  fileprivate var place: String { "\(name) at \(range.text)" }
}

/// Why there is no plan for a scenario.
public struct BootScenarioError: Error, CustomStringConvertible {
  /// The reason, as a sentence.
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
