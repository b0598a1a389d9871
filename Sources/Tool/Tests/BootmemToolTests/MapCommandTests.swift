// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct MapCommandTests {
  static let table = """
    # a small machine
    0000000000000000 000000000009fc00 usable
    000000000009fc00 00000000000a0000 reserved
    0000000000100000 0000000000800000 usable
    0000000000700000 0000000000780800 acpi_data
    """

  @Test func map_showsTheMapAsGivenAndAsSanitised() throws {
    let result = try Tool.run("map", "--width", "80", "-", input: Self.table)
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    #expect(
      result.output == """
        <stdin>: table, 4 regions
        as given:
          0000000000000000-000000000009fbff usable        639 KiB
          000000000009fc00-000000000009ffff reserved      1 KiB
          0000000000100000-00000000007fffff usable        7 MiB
          0000000000700000-00000000007807ff acpi_data     514 KiB
        sanitised:
          0000000000000000-000000000009efff usable        636 KiB
          000000000009f000-000000000009ffff reserved      4 KiB
          0000000000100000-00000000006fffff usable        6 MiB
          0000000000700000-0000000000780fff acpi_data     516 KiB
          0000000000781000-00000000007fffff usable        508 KiB
        usable: 1822 pages, 7.1 MiB; lost in pages that are not usable as a whole: 5 KiB
        the first MiB, one character for 4 KiB:
          000000000000 ................................................................
          000000040000 ................................................................
          000000080000 ...............................#--------------------------------
        all of it, one character for 8 KiB:
          000000000000 ................................................................
          000000080000 ...............+------------------------------------------------
          000000100000 ................................................................
          (11 more rows like this)
          000000700000 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          000000780000 +...............................................................
          . usable, a acpi_data, # reserved, + several kinds, - nothing

        """)
  }

  @Test func ranges_printOnlyUsablePages() throws {
    let result = try Tool.run("map", "--ranges", "-", input: Self.table)
    #expect(result.exitCode == 0)
    #expect(result.output == "0 9e\n100 6ff\n781 7ff\n")
  }

  /// A table made from the ranges hands out nothing that the loader left.
  @Test func ranges_leaveOutWhatIsHeld() throws {
    let dump = ["--at", "0x9000", Fixture.path("reports/plan-ignores-cmdline/info.bin")]
    let result = try Tool.run(arguments: ["map", "--ranges"] + dump)
    #expect(result.output == "1 8\na 9f\n100 1fff\n2100 3fff\n")
    let all = try Tool.run(arguments: ["map", "--ranges", "--firmware"] + dump)
    #expect(all.output == "0 9f\n100 1ffff\n")
    let text = try Tool.run(arguments: ["map"] + dump)
    for line in [
      "command line: mem=64M memmap=1M$32M\n",
      "held:\n  0000000000000400-00000000000004ff BIOS data area, 256 B\n",
      "  0000000000009000-000000000000906f boot information, 112 B\n",
      "usable: 16032 pages, 62.6 MiB\nheld by nobody: 16030 pages, 62.6 MiB\n",
    ] {
      #expect(text.output.contains(line), "\(line) in \(text.output)")
    }
    let json = try Tool.run(arguments: ["map", "--format", "json"] + dump)
    #expect(json.output.contains("\"owner\" : \"boot information\""))
    #expect(json.output.contains("\"commandLine\" : \"mem=64M memmap=1M$32M\""))
  }

  @Test func colours_areUsedWhenAskedFor() throws {
    let plain = try Tool.run("map", "-", input: Self.table)
    #expect(!plain.output.contains("\u{1b}"))
    let coloured = try Tool.run("map", "--color", "always", "-", input: Self.table)
    #expect(coloured.output.contains("\u{1b}[30;42m..."))
    #expect(coloured.output.contains("\u{1b}[0m"))
  }

  @Test func json_hasTheSameFigures() throws {
    let result = try Tool.run("map", "--format", "json", "-", input: Self.table)
    let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    let maps = try #require((json as? [String: Any])?["maps"] as? [[String: Any]])
    try #require(maps.count == 1)
    #expect(maps[0]["usablePageCount"] as? Int == 1822)
    #expect(maps[0]["partialPageByteCount"] as? Int == 5120)
    let sanitised = try #require(maps[0]["sanitised"] as? [[String: Any]])
    #expect(sanitised.count == 5)
    #expect(sanitised[3]["start"] as? String == "0x700000")
    #expect(sanitised[3]["last"] as? String == "0x780fff")
    #expect(sanitised[3]["kind"] as? String == "acpi_data")
  }

  @Test func svg_isOneDocumentThatParses() throws {
    let name = "a<b>&\"c\".e820"
    let directory = try TemporaryDirectory()
    let file = try directory.file(name, Data(Self.table.utf8))
    let result = try Tool.run("map", "--format", "svg", file.path)
    #expect(result.exitCode == 0)
    #expect(result.output.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(result.output.contains("a&lt;b&gt;&amp;&quot;c&quot;.e820: 7.1 MiB usable"))
    #expect(!result.output.contains("href"))
    #expect(XMLDocumentCheck.isWellFormed(result.output))
  }

  @Test func brokenLine_isReportedWithFileAndLine() throws {
    let text = Self.table.replacingOccurrences(of: "reserved", with: "resreved")
    let result = try Tool.run("map", "-", input: text)
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(
      result.errors == """
        <stdin>:3: error: no such type of memory: resreved; there are usable, soft_reserved, \
        acpi_data, persistent, acpi_nvs, reserved, unusable, no-map, and typeN for e820's number N

        """)
  }

  @Test func brokenFile_doesNotHideTheOthers() throws {
    let directory = try TemporaryDirectory()
    let good = try directory.file("good", Data(Self.table.utf8)).path
    let bad = try directory.file("bad", Data("hello\n".utf8)).path
    let result = try Tool.run("map", "--ranges", bad, good, "/no/such/file")
    #expect(result.exitCode == 1)
    #expect(result.output == "# \(good)\n0 9e\n100 6ff\n781 7ff\n")
    #expect(
      result.errors == """
        \(bad):1: error: no memory map: no line is of a form that bootmem map --help lists
        /no/such/file: error: cannot be read: No such file or directory

        """)
  }

  @Test func directory_isACopyOfFirmwareMemmap() throws {
    let directory = try TemporaryDirectory()
    for (number, entry) in [("0x0", "0x9fbff", "System RAM"), ("0xf0000", "0xfffff", "Reserved")]
      .enumerated()
    {
      try directory.file("\(number)/start", Data("\(entry.0)\n".utf8))
      try directory.file("\(number)/end", Data("\(entry.1)\n".utf8))
      try directory.file("\(number)/type", Data("\(entry.2)\n".utf8))
    }
    let result = try Tool.run("map", "--ranges", directory.url.path)
    #expect(result.output == "0 9e\n")
    try FileManager.default.removeItem(at: directory.url.appending(path: "1/end"))
    let broken = try Tool.run("map", "--ranges", directory.url.path)
    #expect(broken.exitCode == 1)
    #expect(broken.errors.hasSuffix("/1/end: error: cannot be read: No such file or directory\n"))
  }

  @Test func directory_hasFilesAndNoLines() throws {
    let directory = try TemporaryDirectory()
    let path = directory.url.path
    let empty = try Tool.run("map", path)
    #expect(empty.exitCode == 1)
    #expect(
      empty.errors == "\(path): error: this directory is not a copy of /sys/firmware/memmap\n")
    try directory.file("0/start", Data("0x0\n".utf8))
    try directory.file("0/end", Data("0x9fbff\n".utf8))
    try directory.file("0/type", Data("System ROM\n".utf8))
    let broken = try Tool.run("map", path)
    #expect(broken.exitCode == 1)
    #expect(broken.errors.hasPrefix("\(path)/0/type: error: no such type of memory: System ROM; "))
    for command in [["replay", path], ["draw", path]] {
      let result = try Tool.run(arguments: command)
      #expect(result.exitCode == 1)
      #expect(result.errors == "\(path): error: is a directory\n")
    }
  }

  @Test func picture_hasAxesAndFoldsEqualRows() throws {
    let map = "0 9fc00 usable\n100000 40000000 usable\n"
    let picture = try Tool.run("map", "--format", "svg", "-", input: map).output
    // 64 cells of 512 KiB in a row.
    for text in [
      "+0", "+256 KiB", "+4 MiB", "+32 MiB", "0000000000000000", "0000000001ffffff",
      "(31 more rows like this)",
    ] {
      #expect(picture.contains(">\(text)</text>"), "\(text)")
    }
    #expect(XMLDocumentCheck.isWellFormed(picture))
    let text = try Tool.run("map", "--width", "80", "-", input: map).output
    #expect(text.contains("\n  (15 more rows like this)\n"))
  }

  @Test func picture_namesNodesWhereTheyBegin() throws {
    let path = Fixture.path("device-trees/qemu/riscv64-virt-nodes.dtb")
    let picture = try Tool.run("map", "--format", "svg", path).output
    #expect(picture.contains(">node 0</text>"))
    #expect(picture.contains(">node 1</text>"))
    // The row with a node's name stands for itself only.
    #expect(picture.split(separator: "(14 more rows like this)").count == 3)
  }

  /// The option for the output file has the same name in map, plan and draw.
  @Test func output_isWrittenToAFile() throws {
    let directory = try TemporaryDirectory()
    let path = directory.url.appending(path: "output").path
    let map = "0 9fc00 usable\n100000 40000000 usable\n"
    let html = try Tool.run("map", "--format", "html", "--output", path, "-", input: map)
    #expect(html.exitCode == 0)
    #expect(html.output == "")
    let page = try String(contentsOfFile: path, encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html"))
    #expect(XMLDocumentCheck.isWellFormed(page))
    let plan = try Tool.run("plan", "--kernel", "1M:1M", "--output", path, "-", input: map)
    #expect(plan.exitCode == 0)
    #expect(plan.output == "")
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("<stdin>: "))
    for command in [["map"], ["plan", "--kernel", "1M:1M"]] {
      let place = try Tool.run(
        arguments: command + ["--output", "/no/such/directory/x", "-"], input: Data(map.utf8))
      #expect(place.exitCode == 1)
      #expect(place.errors.hasPrefix("/no/such/directory/x: error: cannot be written: "))
    }
  }

  /// An endless file costs no more than the limit.
  @Test(arguments: [["map"], ["plan", "--kernel", "1M:1M"]])
  func endlessFile_isRefused(command: [String]) throws {
    let result = try Tool.run(arguments: command + ["/dev/zero"])
    #expect(result.exitCode == 1)
    #expect(
      result.errors
        == "/dev/zero: error: larger than 16 MiB, which is the most that is read\n")
  }

  @Test func fileOfTheLimit_isRead() throws {
    let directory = try TemporaryDirectory()
    let line = Data("0 9fc00 usable\n".utf8)
    let file = try directory.file("file", line)
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    // Comments, so that there is little to be read out of them.
    let comment = Data(("#" + String(repeating: "-", count: (1 << 20) - 2) + "\n").utf8)
    for _ in 0..<15 { try handle.write(contentsOf: comment) }
    try handle.write(contentsOf: comment.prefix(1) + comment.dropFirst(line.count + 1))
    let exact = try Tool.run("map", "--ranges", file.path)
    #expect(exact.errors == "")
    #expect(exact.output == "0 9e\n")
    try handle.write(contentsOf: Data("\n".utf8))
    #expect(
      try Tool.run("map", file.path).errors
        == "\(file.path): error: larger than 16 MiB, which is the most that is read\n")
  }

  @Test func textOfAnotherEncoding_isNamed() throws {
    let mark = try Tool.run("map", "-", input: "\u{feff}" + Self.table)
    #expect(
      mark.errors
        == "<stdin>:1: error: a byte order mark: save the text as UTF-8 without one\n")
    for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian] {
      let data = try #require(Self.table.data(using: encoding))
      for command in [["map", "-"], ["replay", "-"], ["draw", "-"]] {
        let result = try Tool.run(arguments: command, input: data)
        #expect(result.exitCode == 1)
        #expect(
          result.errors == "<stdin>: error: UTF-16, not UTF-8: convert it, as by "
            + "iconv -f UTF-16 -t UTF-8\n")
      }
    }
  }

  /// Anything quadratic in the number of ranges would take many minutes here.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [["map", "MAP"], ["plan", "--kernel", "1M:1M", "--nodes", "NODES", "MAP"]])
  func hundredThousandRanges_areShownInTime(command: [String]) throws {
    let rangeCount = 100_000
    var map = "0 10000000 usable\n"
    for index in 0..<rangeCount {
      let start = 0x1000_0000 + index * 0x2000
      map += String(start, radix: 16) + " " + String(start + 0x1000, radix: 16) + " usable\n"
    }
    let nodeCount = 100
    let nodeByteCount = 0x80_0000
    var nodes = ""
    for node in 0..<nodeCount {
      let start = String(node * nodeByteCount, radix: 16)
      nodes += "\(node) 0 \(start) \(String((node + 1) * nodeByteCount, radix: 16)) -\n"
    }
    let directory = try TemporaryDirectory()
    let paths = [
      "MAP": try directory.file("map", Data(map.utf8)).path,
      "NODES": try directory.file("nodes", Data(nodes.utf8)).path,
    ]
    let result = try Tool.run(arguments: command.map { paths[$0] ?? $0 })
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func wrongCommandLine_exitsWith64() throws {
    #expect(try Tool.run("map").exitCode == 64)
    #expect(try Tool.run("map", "--format", "png", "-").exitCode == 64)
    #expect(try Tool.run("map", "--width", "3", "-").exitCode == 64)
    #expect(try Tool.run("map", "--ranges", "--format", "json", "-").exitCode == 64)
    #expect(try Tool.run("map", "--format", "svg", "-", "-").exitCode == 64)
    #expect(try Tool.run("map", "--firmware", "-").exitCode == 64)
    #expect(try Tool.run("nonsense").exitCode == 64)
  }
}
