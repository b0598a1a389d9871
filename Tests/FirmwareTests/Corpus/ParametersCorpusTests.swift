// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import Testing

/// Maps that Linux printed after it had applied `memmap=`, compared with what comes out here.
@Suite struct ParametersCorpusTests {
  private func regions(
    _ file: CorpusFile
  ) throws -> [(start: UInt64, end: UInt64, kind: MemoryKind)] {
    try file.lines.map { words in
      let kind: MemoryKind = words[2] == "usable" ? .usable : .reserved
      return (try #require(number(words[0])), try #require(number(words[1])), kind)
    }
  }

  @Test(arguments: [
    ("intel-corporation-s2600wft-s2600wft-7092af", "memmap=104G!8G memmap=104G!132G"),
    (
      "supermicro-sys-5018d-fn4t-x10sdv-8c-tln4f-d4e54b",
      "memmap=4G!8G memmap=4G!10G memmap=4G!16G memmap=4G!22G"
    ),
    ("qemu-emulated-pmem-usermap", "memmap=12G!4G"),
    ("default-string-default-string-skybay-4c4c46", "memmap=1M!5M"),
    ("lenovo-20hgs0tw00-20hgs0tw00-5bdd0c", "memmap=32M$1G"),
    ("lenovo-20n2s00600-20n2s00600-f2fe24", "memmap=0x2000000$0x188000000"),
  ])
  func memmap_equalsLinux(name: String, parameters: String) throws {
    let before = try CorpusFile.all(in: "e820", extension: "e820")
    let after = try CorpusFile.all(in: "e820", extension: "user")
    let given = try #require(before.first { $0.name == name + ".e820" })
    let expected = try #require(after.first { $0.name == name + ".user" })
    let result = try ParameterResult(parameters, to: regions(given))
    #expect(result.reports == "")
    #expect(result.usable == (try ParameterResult("", to: regions(expected)).usable))
    #expect(result.usable != (try ParameterResult("", to: regions(given)).usable))
  }
}
