// SPDX-License-Identifier: MIT
import BootMemory
import Bootmem
import BootPlan
import Firmware
import MapFiles
import MemoryMap
import MemoryReports
import PhysicalMemory
import TextOutput

/// A machine's memory: what a file says of it, the account made of that, and a kernel placed in it
/// where the file has none.
final class Machine {
  /// The most entries that the page edits and draws.
  private static let entryLimit = 4096

  private let name: String
  private let file: MapFile
  private let layout: NodeLayout?
  private let kernel: AddressRange?

  /// The account of the machine; with the bitmaps, once boot memory has been set up.
  private var account: FileAccount

  /// Reads a file.
  ///
  /// - Throws: What is wrong with the file, with its line.
  convenience init(
    reading bytes: [UInt8], name: String, form: MapFileForm?
  ) throws(Refusal) {
    do throws(MapFileError) {
      try self.init(MapFile(reading: bytes, name: name, form: form), name: name)
    } catch {
      throw Refusal(error.description)
    }
  }

  private init(_ file: MapFile, name: String, nodes layout: NodeLayout? = nil) {
    self.name = name
    self.file = file
    self.layout = layout
    kernel = file.hasKernel ? nil : Self.kernelPlace(in: FileAccount(of: file))
    account = FileAccount(of: file, nodes: layout, kernel: kernel)
  }

  /// The same machine with the nodes that another file has.
  func replacingNodes(with bytes: [UInt8], name: String) throws(Refusal) -> Machine {
    let other: MapFile
    do throws(MapFileError) { other = try MapFile(reading: bytes, name: name) } catch {
      throw Refusal(error.description)
    }
    guard let layout = NodeLayout(of: other) else { throw Refusal("\(name): no nodes") }
    return Machine(file, name: self.name, nodes: layout)
  }

  /// The same machine with the lines of a table as its map.
  func replacingEntries(with table: [UInt8]) throws(Refusal) -> Machine {
    var file = file
    do throws(MapFileError) {
      file.entries = try MapFile(reading: table, name: "the entries", form: .table).entries
    } catch {
      throw Refusal(error.description)
    }
    return Machine(file, name: name, nodes: layout)
  }

  /// Where a loader would put a kernel of up to 8 MiB: at 1 MiB, or the lowest place above that has
  /// room; nil if there is none.
  private static func kernelPlace(in account: FileAccount) -> AddressRange? {
    let first = PageFrame(PhysicalAddress(1 << 20).pageFrame.number)
    for pages in account.freePages() {
      let start = max(pages.start, first)
      guard start < pages.end else { continue }
      let pageCount = min(PageRange(start..<pages.end).pageCount / 2, 2048)
      if pageCount > 0, let place = PageRange(start: start, pageCount: pageCount) {
        return AddressRange(place)
      }
    }
    return nil
  }

  /// The calls by which a kernel sets up boot memory on this machine, as a trace.
  ///
  /// - Throws: Why a kernel cannot set it up.
  func setUpCalls(width: AddressWidth) throws(Refusal) -> String {
    // Anew each time, as setting up adds the bitmaps to the owners.
    account = FileAccount(
      of: file, nodes: layout, kernel: kernel, below: width.endPageFrame)
    var recorder = try SetUpRecorder(
      width: width, holders: account.holders,
      mapEnd: min(account.account.map.usableEnd, width.endPageFrame))
    var reports = StringSink()
    do throws(BootError) {
      try recorder.setUpNodes(of: &account.account, reportingTo: &reports)
    } catch {
      var sink = StringSink()
      error.write(to: &sink)
      throw Refusal(sink.text)
    }
    return recorder.text
  }

  /// The answer that describes the machine.
  var json: JSONText {
    let map = account.account.map
    return .object([
      ("name", .string(name)), ("form", .string(file.form.title)),
      ("notes", .strings(account.notes)),
      ("entries", .array(file.entries.prefix(Self.entryLimit).map { $0.json })),
      ("table", .string(table)),
      ("map", .array(map.regions.map { .object(JSONText.range($0.range) + [$0.kind.json]) })),
      (
        "holders",
        .array(
          account.holders.map {
            .object(JSONText.range($0.range) + [("name", .string($0.name))])
          })
      ),
      (
        "nodes",
        .array(
          account.nodes.map {
            .object(JSONText.range($0.range) + [("node", .number($0.node))])
          })
      ),
      ("usable", .string(sizeText(map.usablePageCount() << PageFrame.byteCountShift))),
      ("end", .hexadecimal(map.usableEnd.number)),
    ])
  }

  /// What the firmware says of a page, what is made of that, and the owners that hold it before the
  /// first call, each as a sentence.
  func sentences(on page: PageFrame) -> [String] {
    var sentences: [String] = []
    for entry in file.entries where entry.region.range.touchedPages.contains(page) {
      let place = entry.line.map { ", line \($0)" } ?? ""
      sentences.append("the firmware: \(entry.kindName)\(place)")
    }
    for region in account.account.map.regions where region.range.touchedPages.contains(page) {
      sentences.append("as sanitised: \(region.kind.spelling)")
    }
    for holder in account.holders where holder.range.touchedPages.contains(page) {
      sentences.append("held: \(holder.name)")
    }
    return sentences
  }

  /// The entries as a table, to be edited.
  private var table: String {
    var text = ""
    for entry in file.entries.prefix(Self.entryLimit) {
      let range = entry.region.range
      // 2^64 has 17 digits.
      let end = range.end.map { addressText($0.rawValue) } ?? "10000000000000000"
      text += "\(addressText(range.start.rawValue)) \(end) \(entry.region.kind.spelling)\n"
    }
    return text
  }
}

extension MapFile.Entry {
  fileprivate var json: JSONText {
    .object(
      JSONText.range(region.range) + [
        region.kind.json, ("name", .string(kindName)), ("line", line.map { .number($0) } ?? .null),
      ])
  }
}

extension MemoryKind {
  fileprivate var json: (String, JSONText) { ("kind", .string(spelling)) }

  fileprivate var spelling: String { "\(name)" }
}
