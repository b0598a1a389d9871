// SPDX-License-Identifier: MIT
import BootMemory
import Bootmem
import FuzzKit
import MemoryMap
import Oracle
import PhysicalMemory

/// The account of a machine, made in one call of what a loader leaves in made-up memory, and boot memory
/// by it.
enum AccountTarget {
  /// Reads the input; its first byte says whose it is.
  static func run(_ input: inout FuzzInput) {
    let number = input.number(upTo: 4)
    let memory = unsafe InputMemory(input.rest())
    let start = InputMemory.start.rawValue
    let loader: KnownBootProtocol =
      [.multiboot1, .multiboot2, .pvh, .zeroPage, .deviceTree][number]
    var isKnown = true
    let oracle = unsafe OracleMap(of: memory) { memory, map in
      switch loader {
      case .multiboot1: unsafe oracle_multiboot1(memory, start, map)
      case .multiboot2: unsafe oracle_multiboot2(memory, start, map)
      case .pvh: unsafe oracle_pvh(memory, start, map)
      case .zeroPage: unsafe oracle_zero_page(memory, start, map)
      default:
        let result = unsafe oracle_tree(
          memory.pointee.bytes, Int(memory.pointee.size), map)
        isKnown = result == ORACLE_TREE_READ
      }
    }
    let requests = isKnown && loader == .deviceTree ? RequestJudge(of: memory) : nil
    judgeAccount(of: loader, in: memory, isKnown ? oracle : nil, requests)
  }

  private static func judgeAccount(
    of loader: KnownBootProtocol, in memory: InputMemory, _ oracle: OracleMap?,
    _ requests: RequestJudge?
  ) {
    let room = unsafe Storage.shared.account
    var storage = unsafe TableStorage(
      start: room.baseAddress!, end: room.baseAddress! + room.count)
    var sink = CountingSink()
    var bootMemory = Plan.emptyBootMemory()
    do throws(BootError) {
      var account = try MachineAccount(
        reading: loader, at: InputMemory.start, in: memory, image: AddressRange(Plan.image),
        below: Plan.reach, storage: &storage, reportingTo: &sink)
      judge(account.owners.owner(of: PageFrame(0)) != nil, "page 0 is nobody's")
      judge(
        account.owners.owner(of: InputMemory.start.pageFrame) != nil,
        "what the loader left is nobody's")
      for page in Plan.image.numbers {
        judge(account.owners.owner(of: PageFrame(page)) != nil, "the image is nobody's")
      }
      // Parameters may change every region.
      if let oracle, account.commandLine.count == 0 {
        let unmapped = requests?.judgePlaces(in: account.owners, of: oracle.regions) ?? []
        judgeMap(account.map, of: oracle.regions + unmapped)
      }
      try bootMemory.setUpNodes(of: &account, reportingTo: &sink)
      Plan.judgeCalls(of: &bootMemory, account.map, account.owners)
    } catch {
      error.write(to: &sink)
      Plan.giveBack(bootMemory)
    }
  }
}
