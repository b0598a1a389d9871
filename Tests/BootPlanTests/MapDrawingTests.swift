// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import PhysicalMemory
import TestSupport
import Testing

@Suite struct MapDrawingTests {
  @Test func init_stretchesArePowersOfTwoAndFitTheCount() {
    for end: UInt64 in [1, 63, 64, 65, 1000, 1 << 20, 1 << 32, 1 << 52] {
      let drawing = MapDrawing(end: PageFrame(end), maximumStretchCount: 64)
      #expect(drawing.stretchPageCount.nonzeroBitCount == 1)
      #expect(drawing.stretchCount <= 64 && drawing.stretchCount >= 1)
      #expect(drawing.stretch(drawing.stretchCount - 1).end == PageFrame(end))
    }
  }

  @Test func write_drawsOneCharacterForEachStretch() throws {
    let fixture = try PlanFixture(usable: [0..<6, 8..<20])
    var owners = try fixture.owners([
      (0..<1, .firstPage), (2..<4, .kernelImage), (5..<6, .loader(.module(0))),
    ])
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: range(0..<20), of: fixture.map, owners: &owners)
    try memory.reserve(range(10..<12))
    try memory.reserve(range(14..<15))
    var sink = PrintedText()
    MapDrawing(end: PageFrame(20), maximumStretchCount: 11).write(
      fixture.map, memory, owners, columnCount: 8, to: &sink)
    #expect(
      sink.text.hasPrefix(
        """
          000000000000 FKM-B#.+
          000000010000 ..
          one character is 8 KiB
          K kernel and stack, M module,
        """))
  }
}
