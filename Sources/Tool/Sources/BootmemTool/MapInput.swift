// SPDX-License-Identifier: MIT
import ArgumentParser
import MapFiles
import PhysicalMemory

/// Options that say how a file with a memory map is to be read.
struct MapInput: ParsableArguments {
  @Option(help: "What the file is; detected for all forms except multiboot1.")
  var form: MapFileForm?

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp("The address of a binary dump's first byte.", valueName: "address"))
  var start = Address(rawValue: 0)

  @Option(
    help: ArgumentHelp(
      "The address of the boot information in a binary dump; default: its first byte.",
      valueName: "address"))
  var information: Address?

  @Option(
    help: ArgumentHelp(
      "The size of the kernel's pages: 4K, 16K or 64K. scripts/bootmem builds this program for it.",
      valueName: "size"))
  var pageSize: PageSize?

  func validate() throws {
    if let pageSize, pageSize != .own {
      throw ValidationError(
        "this program is built for pages of \(PageSize.own.rawValue); scripts/bootmem takes "
          + "--page-size \(pageSize.rawValue) and builds it for those")
    }
  }

  /// Reads a file.
  func read(_ file: InputFile) throws(MapFileError) -> MapFile {
    guard !file.isDirectory else {
      return try MapFile(readingMemmap: try file.memmapFiles(), name: file.name)
    }
    return try MapFile(
      reading: try file.bytes(), name: file.name, form: form,
      start: PhysicalAddress(start.rawValue),
      information: information.map { PhysicalAddress($0.rawValue) })
  }
}

extension MapFileForm: ExpressibleByArgument {}
