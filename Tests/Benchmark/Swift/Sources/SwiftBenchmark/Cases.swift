// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// A row of the table: what comes before, and what is measured.  The same work as in benchmark.c.
struct Case {
  var name: String
  var operationCount: Int
  var prepare: (inout Machine) throws -> Void = { _ in }
  var run: (inout Machine) throws -> Void
}

func registerClean(_ machine: inout Machine) throws {
  try machine.register(0, from: 0, byteCount: 64 * gib)
  try machine.free(0, 64 * gib)
  try machine.reserve(0, 128 * mib)
}

private func registerReserved(_ machine: inout Machine) throws {
  try machine.register(0, from: 0, byteCount: 64 * gib)
}

/// Every second page of 1 GiB is taken; only its last 2 MiB are free throughout.
private func registerFragmented(_ machine: inout Machine) throws {
  try machine.register(0, from: 0, byteCount: gib + 4 * mib)
  try machine.free(4 * mib, gib)
  for start in stride(from: 4 * mib, to: gib + 2 * mib, by: Int(2 * page)) {
    try machine.reserve(start, page)
  }
}

private func boot(_ machine: inout Machine, _ byteCount: UInt64, rangeCount: UInt64) throws {
  try machine.register(0, from: 0, byteCount: byteCount)
  let stride = byteCount / rangeCount
  for index in 0..<rangeCount { try machine.free(index * stride + 3 * page, stride - 40 * page) }
  try machine.reserve(1 * mib, 8 * mib)
  try machine.reserve(2 * mib, 600 * mib)
  try machine.reserve(2 * gib + 12345, 30 * mib)
}

/// `count` allocations of what `request` says.
private func allocations(
  _ name: String, _ count: Int, prepare: @escaping (inout Machine) throws -> Void = registerClean,
  _ request: AllocationRequest, orTrap: Bool = false
) -> Case {
  var request = request
  request.clearsMemory = false
  var row = Case(name: name, operationCount: count, prepare: prepare) { [request] machine in
    for _ in 0..<count { _ = try machine.memory.allocate(request) }
  }
  if orTrap {
    row.run = { [request] machine in
      for _ in 0..<count { _ = machine.memory.allocateOrTrap(request) }
    }
  }
  return row
}

/// A request with a goal of 16 MiB.
private func request(_ byteCount: UInt64, _ alignment: UInt64) -> AllocationRequest {
  AllocationRequest(
    byteCount: byteCount, alignment: alignment, goal: .address(PhysicalAddress(16 * mib)))
}

/// The pages of 64 GiB in random order, the first 100 000 of them.
private func shuffledPages() -> [UInt64] {
  var state: UInt64 = 1
  var pages = (0..<64 * gib / page).map { $0 * page }
  for index in 0..<100_000 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    pages.swapAt(index, index + Int(state % UInt64(pages.count - index)))
  }
  return Array(pages[..<100_000])
}

func allCases() -> [Case] {
  let randomPages = shuffledPages()
  return [
    Case(name: "register-large", operationCount: 1) { try boot(&$0, tib, rangeCount: 10) },
    Case(name: "register-16tib", operationCount: 1) { try boot(&$0, 16 * tib, rangeCount: 10) },
    Case(name: "register-1000-ranges", operationCount: 1) { try boot(&$0, tib, rangeCount: 1000) },
    Case(name: "register-64-nodes", operationCount: 1) { machine in
      for id in 0..<64 {
        let start = UInt64(id) * 16 * gib
        try machine.register(id, from: start, byteCount: 16 * gib)
        try machine.free(start + 4 * page, 16 * gib - 8 * page)
      }
    },
    allocations("allocate-64-align-0", 100_000, request(64, 0)),
    allocations("allocate-24", 100_000, request(24, 8)),
    allocations("allocate-2mib", 10_000, request(2 * mib, 2 * mib)),
    allocations(
      "allocate-512-pages", 1, prepare: registerFragmented,
      AllocationRequest(byteCount: 512 * page, alignment: page, goal: .none)),
    allocations(
      "allocate-16-pages", 1, prepare: registerFragmented,
      AllocationRequest(byteCount: 16 * page, alignment: page, goal: .none)),
    allocations("allocate-holes", 100_000, prepare: registerFragmented, request(page, page)),
    Case(
      name: "free-random", operationCount: 100_000, prepare: registerReserved,
      run: { machine in
        for start in randomPages { try machine.free(start, page) }
      }),
    Case(name: "free-in-order", operationCount: 100_000, prepare: registerReserved) { machine in
      for index: UInt64 in 0..<100_000 { try machine.free(index * page, page) }
    },
    Case(name: "reserve-in-order", operationCount: 100_000, prepare: registerClean) { machine in
      for index: UInt64 in 0..<100_000 { try machine.reserve((32768 + index) * page, page) }
    },
    Case(name: "hand-over", operationCount: 16384, prepare: registerClean) { machine in
      var blockCount = 0
      try machine.memory.handOver(maximumOrder: 10) { _ in blockCount += 1 }
      precondition(blockCount > 16000)
    },
  ] + entries("64", 64) + entries("page", page) + pageCases() + heapCases()
}

/// Every way to an allocation of a size.
private func entries(_ name: String, _ size: UInt64) -> [Case] {
  let anywhere = request(size, size)
  var low = AllocationRequest.low(byteCount: size)
  low.alignment = size
  var limited = anywhere.on(NodeID(0))
  limited.limit = .address(PhysicalAddress(UInt64.max << PageFrame.byteCountShift))
  return [
    ("", anywhere), ("-low", low), ("-node", anywhere.on(NodeID(0))),
    ("-node-low", low.on(NodeID(0))), ("-node-high", anywhere.on(NodeID(0), policy: .high)),
    ("-node-limit", limited), ("-node-only", anywhere.on(NodeID(0), policy: .only)),
  ].map { allocations("allocate-\(name)\($0)", 100_000, $1) } + [
    allocations("allocate-\(name)-or-trap", 100_000, anywhere, orTrap: true)
  ]
}
