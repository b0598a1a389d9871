// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

/// What a file tells of a machine's memory, whatever form it has.
public struct MapFile: Sendable {
  /// A line of the map as the file gives it.
  public struct Entry: Hashable, Sendable {
    /// The number of the line, from 1; nil in a file without lines.
    public var line: Int?

    /// The addresses, and what they are good for.
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
  public internal(set) var entries: [Entry] = []

  /// Which memory belongs to which node, in the order of the file; mostly nothing.
  public internal(set) var nodes: [NodeMemory] = []

  /// The memory that the loader holds, where the file tells it.
  public internal(set) var loaderRanges: [OwnedRange] = []

  /// What was left out or put right, each as a sentence.
  public internal(set) var notes: [String] = []

  init(form: MapFileForm) {
    self.form = form
  }

  /// What `mem=SIZE` stands for on such a machine.
  public var memoryLimitMeaning: MemoryLimitMeaning { form == .dtb ? .amount : .endAddress }

  /// The regions of all entries.
  public var regions: [MemoryRegion] { entries.map(\.region) }
}

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
