import Firmware
import Testing

/// Reads blocks of a loader's information that are cut off at every byte, and those in which every
/// byte in turn is 0, 1, 80 and ff hexadecimal.
///
/// A reader that trusted one of them would trap, or not end.  What it may say is an error or a
/// report; what it must not do is to find what is not there: every range ends in the address space.
func readDamaged(_ loader: some BootProtocol, _ blocks: [(address: UInt64, bytes: [UInt8])]) {
  var memory = FakeMemory()
  for block in blocks { memory.put(block.bytes, at: block.address) }
  let start = blocks[0].address
  #expect(BootResult(loader, at: start, in: memory).error == nil)
  var errorCount = 0
  for block in blocks {
    for index in block.bytes.indices {
      var cut = memory
      cut.remove(
        from: block.address + UInt64(index), byteCount: UInt64(block.bytes.count - index))
      if BootResult(loader, at: start, in: cut).error != nil { errorCount += 1 }
      for value: UInt8 in [0, 1, 0x80, 0xff] {
        var changed = memory
        changed.put([value], at: block.address + UInt64(index))
        if BootResult(loader, at: start, in: changed).error != nil { errorCount += 1 }
      }
    }
  }
  // At least the very first bytes are such that nothing goes without them.
  #expect(errorCount > 4)
}
