// SPDX-License-Identifier: MIT
import Bootmem
import MapFiles

/// The memory of a machine, as the firmware gave it and as a kernel can rely on it, ready to be
/// shown.
public struct MapReport {
  /// The name of the file.
  public let name: String

  /// The content of the file.
  public let file: MapFile

  /// The account of the machine that the file describes.
  public let account: FileAccount

  /// Makes the account of what is in `file`.
  public init(name: String, file: MapFile) {
    self.name = name
    self.file = file
    account = FileAccount(of: file)
  }

  /// What a kernel can rely on.
  var map: MemoryMap { account.account.map }

  /// The held ranges of the machine, except a kernel's own page 0, with their owners.
  var holders: [OwnedRange] { account.holders.filter { Self.isHolder($0.owner) } }

  /// The ranges of pages that are usable and not held.
  var freePages: [PageRange] { account.freePages(where: Self.isHolder) }

  private static func isHolder(_ owner: MemoryOwner) -> Bool { owner != .firstPage }

  /// The ranges of pages that are usable and have no owner, as `FIRST LAST`, hexadecimal, the last
  /// page included, one a line.
  public var ranges: String { Self.text(freePages) }

  /// The ranges of all pages that the firmware's map says are usable, in the form of ``ranges``,
  /// whatever the command line says and whatever their owner.
  public var firmwareRanges: String {
    let sanitized = SanitizedMap(file.regions)
    return withExtendedLifetime(sanitized) { Self.text(sanitized.map.usablePages()) }
  }

  private static func text(_ ranges: some Sequence<PageRange>) -> String {
    var text = ""
    for pages in ranges {
      text += String(pages.start.number, radix: 16)
      text += " \(String(pages.end.number - 1, radix: 16))\n"
    }
    return text
  }
}
