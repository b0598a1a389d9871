// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

/// What a file says about a machine's memory, whatever form it has.
public struct MapFile: Sendable {
  /// A line of the map as the file gives it.
  public struct Entry: Hashable, Sendable {
    /// The number of the line, from 1; nil in a file without lines.
    public var line: Int?

    /// The addresses, and the kind of memory there.
    public var region: MemoryRegion

    /// What the file calls the kind of memory.
    public var kindName: String

    /// Makes an entry.
    public init(line: Int?, region: MemoryRegion, kindName: String) {
      self.line = line
      self.region = region
      self.kindName = kindName
    }
  }

  /// The form in which the file was read.
  public let form: MapFileForm

  /// The memory map, in the order of the file.
  public var entries: [Entry] = []

  /// Which memory belongs to which node, in the order of the file; usually empty.
  public internal(set) var nodes: [NodeMemory] = []

  /// The memory that is hot-pluggable, in addition to what `nodes` says of it.
  public internal(set) var hotPluggable: [AddressRange] = []

  /// The memory that is held, and its owners, where the file says so.
  public internal(set) var heldRanges: [OwnedRange] = []

  /// The kernel's command line, where the file has it.
  public internal(set) var commandLine = ""

  /// Where the machine describes what its memory map does not; none unless the file is a dump of
  /// memory.
  public internal(set) var board = BoardDescription.none

  /// What `mem=SIZE` on the command line means on such a machine.
  public var memoryLimitMeaning = MemoryLimitMeaning.endAddress

  /// Where the loader says that ACPI's root pointer lies; nil if it does not say.
  public internal(set) var rootPointer: PhysicalAddress?

  /// The memory that the file is a dump of; none if it is not a dump.
  public internal(set) var memory = FileMemory(bytes: [], start: 0)

  /// The demonstration kernel that printed the file; nil if none did.
  public internal(set) var kernel: DemonstrationKernel?

  /// What was left out or corrected, each as a sentence.
  public internal(set) var notes: [String] = []

  init(form: MapFileForm) {
    self.form = form
  }

  /// The regions of all entries.
  public var regions: [MemoryRegion] { entries.map { $0.region } }
}

/// What the demonstration kernel says about itself.
public struct DemonstrationKernel: Hashable, Sendable {
  /// The name of its processor.
  public var processorName: String

  /// The end of its reach.
  public var reach = PageFrame.end

  /// The number of nodes, including those without memory.
  public var nodeCount = 1

  /// The number of nodes, or parts of nodes, that it has storage for; nil where it has one node.
  public var nodeCapacity: Int?
}

/// A range of memory and the node that it belongs to, as firmware reports it in its SRAT or device
/// tree.
public struct NodeMemory: Hashable, Sendable {
  /// The most nodes that Linux can be built for, and so the end of the node numbers that it prints.
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
