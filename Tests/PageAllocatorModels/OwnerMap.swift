// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory

/// Who has each page, one entry for each: what the allocator must agree with.
package struct OwnerMap {
  enum Owner: Equatable {
    case free
    case reserved
    /// The allocator's own, which stays reserved.
    case own(PageFinding)
    case block(Block)
  }

  /// A block or a run.
  package struct Block: Equatable {
    var first: Int
    var count: Int

    package init(first: Int, order: Int) { self.init(first: first, count: 1 << order) }

    init(first: Int, count: Int) {
      self.first = first
      self.count = count
    }

    var end: Int { first + count }

    /// What a block with so many pages there has; nil for a run that could be none.
    var order: Int? {
      let order = count.trailingZeroBitCount
      return count == 1 << order && order <= 10 && first & (count - 1) == 0 ? order : nil
    }
  }

  struct Node {
    var id: Int
    var start: Int
    var owners: [Owner]
    var end: Int { start + owners.count }
  }

  /// Ascending.
  var nodes: [Node]

  /// Every allocated block, in no order.
  private(set) var blocks: [Block] = []
  private var places: [Int: Int] = [:]

  init(nodes: [Node]) {
    self.nodes = nodes
  }

  func index(ofNodeWith page: Int) -> Int? {
    nodes.firstIndex { $0.start <= page && page < $0.end }
  }

  func owner(of page: Int) -> Owner? {
    index(ofNodeWith: page).map { nodes[$0].owners[page - nodes[$0].start] }
  }

  /// Whether all of a block's pages are free and in one node.
  package func isFree(_ block: Block) -> Bool {
    guard let index = index(ofNodeWith: block.first) else { return false }
    let node = nodes[index]
    return block.end <= node.end
      && node.owners[block.first - node.start..<block.end - node.start].allSatisfy { $0 == .free }
  }

  /// Whether a node has an aligned free block below a limit.
  func hasFreeBlock(order: Int, inNode index: Int, below limit: Int) -> Bool {
    let node = nodes[index]
    let size = 1 << order
    var first = (node.start + size - 1) & ~(size - 1)
    while first + size <= min(node.end, limit) {
      if isFree(Block(first: first, order: order)) { return true }
      first += size
    }
    return false
  }

  /// Whether so many free pages of a node adjoin below a limit, the first divisible by the alignment.
  func hasFreeRun(_ count: Int, alignment: Int, inNode index: Int, below limit: Int) -> Bool {
    let node = nodes[index]
    var start = node.start
    for page in node.start..<max(min(node.end, limit), node.start) {
      if node.owners[page - node.start] != .free {
        start = page + 1
      } else if page + 1 - ((start + alignment - 1) & ~(alignment - 1)) >= count {
        return true
      }
    }
    return false
  }

  mutating func allocate(_ block: Block) {
    set(block, .block(block))
    places[block.first] = blocks.count
    blocks.append(block)
  }

  mutating func free(_ block: Block) {
    set(block, .free)
    let place = places.removeValue(forKey: block.first)!
    let last = blocks.removeLast()
    if last != block {
      blocks[place] = last
      places[last.first] = place
    }
  }

  private mutating func set(_ block: Block, _ owner: Owner) {
    let index = index(ofNodeWith: block.first)!
    let start = block.first - nodes[index].start
    for place in start..<start + block.count { nodes[index].owners[place] = owner }
  }

  /// What a free says of a page that is not a block of this order.
  func finding(_ page: Int) -> PageFinding {
    switch owner(of: page) {
    case nil: .outsideNodes
    case .free: .free
    case .reserved: .reserved
    case .own(let finding): finding
    case .block(let block):
      if block.first != page {
        .insideBlock
      } else if let order = block.order {
        .block(order: order)
      } else {
        .run(pageCount: UInt64(block.count))
      }
    }
  }

  /// The free pages of a node, and its maximal aligned free blocks by order.
  package func statistics(ofNode index: Int) -> (pages: UInt64, blocks: [UInt64]) {
    let node = nodes[index]
    var counts = [UInt64](repeating: 0, count: 11)
    var page = node.start
    var pages: UInt64 = 0
    while page < node.end {
      guard node.owners[page - node.start] == .free else {
        page += 1
        continue
      }
      var order = 0
      while order < 10, page & (2 << order - 1) == 0,
        isFree(Block(first: page, order: order + 1))
      {
        order += 1
      }
      counts[order] += 1
      pages += 1 << order
      page += 1 << order
    }
    return (pages, counts)
  }
}
