// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay
import Firmware
import FuzzKit
import MapFiles
import MemoryMap
import PhysicalMemory

/// Text that people hand over: the command line, files with maps, traces.
enum TextTargets {
  static func commandLine(_ input: inout FuzzInput) {
    let memory = unsafe InputMemory(input.rest())
    var byteCount: UInt64 = 0
    while let place = memory.start.advanced(byByteCount: byteCount), memory.byte(at: place) != nil {
      byteCount += 1
    }
    var regions = unsafe MemoryRegionList(storage: Storage.shared.regions)
    let given: [(UInt64, UInt64, MemoryKind)] = [
      (0, 0x9_fc00, .usable), (0x9_fc00, 0x400, .reserved), (0x10_0000, 0x3ff0_0000, .usable),
      (0x3000_0000, 0x1000, .acpiReclaimable),
    ]
    for (start, byteCount, kind) in given {
      regions.append(start: PhysicalAddress(start), byteCount: byteCount, kind: kind)
    }
    let line = unsafe KernelCommandLine(
      copying: AddressRange(start: memory.start, byteCount: byteCount), in: memory,
      storage: Storage.shared.commandLine)
    judge(line.isCut == (byteCount > 1024), "cut: \(line.isCut) at \(byteCount) bytes")
    var sink = CountingSink()
    let parameters = MemoryParameters(applying: line, to: &regions, reportingTo: &sink)
    judge(0...0xffff ~= parameters.memoryTestPassCount, "\(parameters) has no such passes")
    line.write(to: &sink)
    regions.write(to: &sink)
    let changed = regions.copy()
    do throws(MemoryMapError) {
      let map = unsafe try MemoryMap(sanitizing: &regions, storage: Storage.shared.map)
      judgeMap(map, of: changed)
    } catch {
      error.write(to: &sink)
    }
  }

  /// A file of each text form; the first byte says which one, or that it is to be found out.
  static func mapFile(_ input: inout FuzzInput) {
    let forms: [MapFileForm?] = [nil] + MapFileForm.allCases.filter { !$0.isBinary }
    let form = forms[input.number(upTo: forms.count - 1)]
    let bytes = unsafe [UInt8](input.rest())
    // Those are the loaders' targets.
    if form == nil && bytes.contains(0) { return }
    do throws(MapFileError) {
      let file = try MapFile(reading: bytes, name: "input", form: form)
      judge(!file.entries.isEmpty || !file.nodes.isEmpty, "a file without a map was read")
      let lineCount = bytes.count { $0 == 0x0a || $0 == 0x0d } + 1
      for line in file.entries.compactMap(\.line) {
        judge(1...lineCount ~= line, "line \(line) of \(lineCount)")
      }
      if file.regions.count < 200 {
        // The map lies in the storage of the object.
        let sanitized = SanitizedMap(file.regions)
        withExtendedLifetime(sanitized) { judgeMap(sanitized.map, of: file.regions) }
      }
    } catch {
      judge(!error.message.isEmpty, "an error without words")
    }
  }

  /// A trace that can be read is replayed, and with the results that it had replays without a
  /// difference.
  static func trace(_ input: inout FuzzInput) {
    let bytes = unsafe input.rest()
    do throws(TraceError) {
      var trace = unsafe try Trace(parsing: bytes)
      // A hand-over by single words of many terabytes takes more than a fuzzer's patience.
      for operation in trace.operations where operation.call == .registerNode {
        let arguments = operation.arguments
        if arguments[3] > arguments[2], arguments[3] - arguments[2] > 1 << 16 { return }
      }
      for operation in trace.operations where operation.call == .registerOnlyNode {
        if operation.arguments[1] > 1 << 16 { return }
      }
      // So does the release of as many single pages.
      for operation in trace.operations
      where operation.call == .releaseLate && operation.arguments[1] > 1 << 28 { return }
      let first = try TraceReplayer(trace)
      for (index, operation) in trace.operations.enumerated() {
        guard let difference = try first.run(operation) else { continue }
        trace.operations[index].result = difference.result
      }
      let difference = try TraceReplayer(trace).run(trace)
      judge(difference == nil, "replays with a difference: \(difference!)")
    } catch {
      judge(error.line > 0 && !error.message.isEmpty, "an error without a place or words")
    }
  }
}
