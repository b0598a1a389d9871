// SPDX-License-Identifier: MIT
import BootPlan
import Foundation
import Testing

@Suite struct PaletteColourTests {
  /// What the classes of the articles' figures stand for.
  private static let classes: [(name: String, colour: PaletteColour)] = [
    ("free", .green), ("gone", .grey), ("kernel", .orange), ("loader", .yellow),
    ("bitmap", .violet), ("taken", .blue),
  ]

  @Test(arguments: ["machine", "modules", "sharing", "stages", "way"])
  func figures_haveTheColoursOfThePalette(name: String) throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
    let figure = try String(
      contentsOf: sources.appending(path: "Bootmem/Bootmem.docc/Resources/\(name).svg"),
      encoding: .utf8)
    for (name, colour) in Self.classes {
      let digits = String(colour.paleRGB | 1 << 24, radix: 16).dropFirst()
      #expect(figure.contains("  .\(name) { fill: #\(digits); }\n"), "\(name)")
    }
  }

  @Test func terminalBackground_hasRedInTheLowestBit() {
    #expect(PaletteColour.red.terminalBackground == 41)
    #expect(PaletteColour.green.terminalBackground == 42)
    #expect(PaletteColour.blue.terminalBackground == 104)
    #expect(PaletteColour.grey.terminalBackground == 100)
    #expect(PaletteColour.yellow.terminalBackground == 103)
  }

  @Test func colours_differ() {
    #expect(Set(PaletteColour.allCases.map(\.rgb)).count == PaletteColour.allCases.count)
    #expect(Set(PaletteColour.allCases.map(\.paleRGB)).count == PaletteColour.allCases.count)
  }
}
