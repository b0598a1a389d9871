// SPDX-License-Identifier: MIT
// Draws what the module answers: strips that show the same addresses one below the other, with a text
// for each.

const pageShift = 12n

export const hex = value => '0x' + BigInt(value).toString(16)
export const number = text => BigInt('0x' + text)

export function sizeText(byteCount) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']
  let unit = 0
  let value = Number(byteCount)
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit && value % 1 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

function shape(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

const ownerNames = {
  a: 'no node', b: 'never free', c: 'free', d: 'reserved', e: 'allocated', f: 'allocated, low',
  g: 'allocated on a node', h: 'handed over',
}

// What part of the memory is shown: `count` stretches of 2^shift pages from page `first` on.
export class View {
  first = 0n
  shift = 0
  count = 256

  get size() { return 1n << BigInt(this.shift) }
  get end() { return this.first + this.size * BigInt(this.count) }
  pageAt(column) { return this.first + this.size * BigInt(column) }

  // Shows all pages below `end` in as few stretches as they take, up to a number.
  showAll(end, limit) {
    this.first = 0n
    this.shift = 0
    this.count = 16
    while (this.count < limit && this.end < end) this.count *= 2
    while (this.end < end) this.shift++
  }

  // Another magnification, about the middle or `page`.
  zoom(change, page = (this.first + this.end) / 2n) {
    this.shift = Math.min(44, Math.max(0, this.shift + change))
    this.move(page - this.size * BigInt(this.count) / 2n)
  }

  move(first) {
    const low = first - first % this.size
    this.first = low < 0n ? 0n : low
  }

  // Where an address lies in the picture, in stretches.
  column(address) {
    const start = this.first << pageShift
    const bytes = this.size << pageShift
    return Number((address - start) * 1000n / bytes) / 1000
  }
}

// A strip: a heading, a picture, and the same as a text.
class Strip {
  constructor(parent, id, title, height) {
    this.svg = shape('svg', {
      id, role: 'img', tabindex: 0, preserveAspectRatio: 'none', height, 'aria-label': title,
    })
    this.small = element('small')
    this.title = title
    this.box = element('div', { className: 'strip' }, element('h2', {}, title, this.small), this.svg)
    parent.append(this.box)
    this.height = height
  }

  clear(view) {
    this.svg.replaceChildren()
    this.svg.setAttribute('viewBox', `0 0 ${view.count} ${this.height}`)
  }

  rect(x, width, y, height, classes, title) {
    const made = shape('rect', { x, y, width, height, class: classes })
    if (title) {
      const text = shape('title', {})
      text.textContent = title
      made.append(text)
    }
    this.svg.append(made)
  }

  describe(parts, small) {
    const shown = parts.slice(0, 12)
    const rest = parts.length > 12 ? `, and ${parts.length - 12} more` : ''
    this.svg.setAttribute('aria-label', `${this.title}: ${shown.join('; ')}${rest}`)
    this.small.textContent = small
  }
}

export class Pictures {
  constructor(parent) {
    this.view = new View()
    this.firmware = new Strip(parent, 'strip-firmware', '1 · What the firmware says', 44)
    this.holders = new Strip(parent, 'strip-holders', '2 · Who holds what', 18)
    this.bits = new Strip(parent, 'strip-bits', '3 · A bit for each page', 26)
    this.allocations = new Strip(parent, 'strip-allocations', '4 · Allocations', 26)
    this.start = element('span')
    this.end = element('span')
    parent.append(element('div', { className: 'axis' }, this.start, this.end))
    this.orders = element('div', { className: 'strip' })
    parent.append(this.orders)
    this.strips = [this.firmware, this.holders, this.bits, this.allocations]
  }

  // The stages that a machine has and calls alone do not.
  drawMachine(machine) {
    for (const strip of [this.firmware, this.holders]) strip.box.hidden = !machine
    if (!machine) return
    this.#drawRanges(this.firmware, machine.entries, 2, 24, entry => `k-${entry.kind}`, entry =>
      `${entry.name || entry.kind}`)
    // Below what was said, what is made of it.
    this.#addRanges(this.firmware, machine.map, 30, 12, region => `k-${region.kind}`, region =>
      `sanitised: ${region.kind}`)
    this.firmware.describe(
      machine.map.map(region => `${region.start} to ${region.last} ${region.kind}`),
      `${machine.entries.length} entries, and the ${machine.map.length} ranges made of them`)
    this.#drawRanges(this.holders, machine.holders, 2, 14,
      holder => holder.name.startsWith('bitmap') ? 'h-bitmap' : 'h', holder => holder.name)
    this.holders.describe(
      machine.holders.map(holder => `${holder.start} to ${holder.last} ${holder.name}`),
      `${machine.holders.length} ranges`)
  }

  #drawRanges(strip, ranges, top, height, classes, name) {
    strip.clear(this.view)
    // Ranges that overlap get lanes of their own.
    const lanes = []
    const placed = ranges.filter(range => range.last !== null).map(range => {
      const start = number(range.start)
      let lane = lanes.findIndex(last => last < start)
      if (lane < 0) lane = lanes.push(0n) - 1
      lanes[lane] = number(range.last)
      return { range, lane }
    })
    const step = height / Math.max(lanes.length, 1)
    for (const { range, lane } of placed) {
      this.#addRanges(strip, [range], top + lane * step, step * .9, classes, name)
    }
  }

  #addRanges(strip, ranges, y, height, classes, name) {
    for (const range of ranges) {
      if (range.last === null) continue
      const start = this.view.column(number(range.start))
      const end = this.view.column(number(range.last) + 1n)
      if (end <= 0 || start >= this.view.count) continue
      const x = Math.max(start, 0)
      const width = Math.max(Math.min(end, this.view.count) - x, .3)
      strip.rect(x, width, y, height, classes(range), `${name(range)}: ${range.start}–${range.last}`)
    }
  }

  // The pages, as the module draws them, with what the last call was about.
  drawPages(drawing, step, hasTree) {
    this.bits.clear(this.view)
    this.#drawRuns(this.bits, drawing.free, 2, hasTree ? 15 : 22, letter => `f${letter}`)
    if (hasTree) this.#drawRuns(this.bits, drawing.depth, 18, 7, letter => `t${letter}`)
    const state = letter => letter === '0' ? 'reserved' : letter === '9' ? 'free' : 'mixed'
    this.bits.describe(
      this.#texts(drawing.free, state),
      hasTree ? 'below: how deep the tree has details' : 'green is 1: free')
    this.allocations.clear(this.view)
    this.#drawRuns(this.allocations, drawing.owners.replaceAll('a', ' ').replaceAll('A', ' '), 2, 22,
      letter => letter < 'a' ? `o${letter.toLowerCase()} part` : `o${letter}`)
    this.allocations.describe(
      this.#texts(drawing.owners, letter => ownerNames[letter.toLowerCase()]), 'by the calls')
    for (const { first, end } of step?.search ?? []) this.#mark(first, end, 'passed')
    if (step) this.#mark(step.first, step.end, 'mark')
    this.start.textContent = hex(this.view.first << pageShift)
    this.end.textContent = hex(this.view.end << pageShift)
  }

  // The runs of equal letters of a text of stretches.
  #runs(text) {
    const runs = []
    for (let column = 0; column < text.length; column++) {
      const last = runs.at(-1)
      if (last?.letter === text[column]) last.width++
      else runs.push({ letter: text[column], column, width: 1 })
    }
    return runs.filter(({ letter }) => letter !== ' ')
  }

  #drawRuns(strip, text, y, height, classes) {
    for (const { letter, column, width } of this.#runs(text)) {
      strip.rect(column, width, y, height, classes(letter))
    }
  }

  #texts(text, name) {
    return this.#runs(text).map(({ letter, column, width }) =>
      `${hex(this.view.pageAt(column) << pageShift)} to `
      + `${hex((this.view.pageAt(column + width) << pageShift) - 1n)} ${name(letter)}`)
  }

  #mark(first, end, classes) {
    if (first == null || end == null) return
    const x = Math.max(this.view.column(number(first) << pageShift), 0)
    const right = Math.min(this.view.column(number(end) << pageShift), this.view.count)
    if (right <= 0 || x >= this.view.count) return
    for (const strip of [this.bits, this.allocations]) {
      strip.rect(x, Math.max(right - x, .5), 1, strip.height - 2, classes)
    }
  }

  // The stretch that the keyboard or the pointer is at.
  drawCursor(column) {
    for (const strip of this.strips) {
      strip.svg.querySelector('.cursor')?.remove()
      if (column !== undefined) strip.rect(column, 1, 0, strip.height, 'cursor')
    }
  }

  // The blocks that are handed over, or that the page allocator has.
  drawOrders(orders, title, note) {
    const heads = orders.map((_, order) =>
      element('th', { scope: 'col', title: `blocks of ${sizeText(4096 << order)}` }, String(order)))
    const cells = orders.map(count =>
      element('td', { className: count ? 'some' : '' }, String(count)))
    this.orders.replaceChildren(
      element('h2', {}, `5 · ${title}`, element('small', {}, note)),
      element('table', { id: 'orders' },
        element('caption', { className: 'hidden' }, 'Free blocks of two to the power of so many pages'),
        element('tbody', {}, element('tr', {}, ...heads), element('tr', {}, ...cells))))
  }

  // What the colours mean.
  static legend(hasMachine) {
    const entries = hasMachine
      ? [['k-usable', 'usable, free'], ['k-reserved', "reserved, the firmware's"], ['k-acpi_data', 'tables'],
        ['h', 'held'], ['h-bitmap', 'bitmap']]
      : [['f9', 'free'], ['f0', 'reserved']]
    entries.push(
      ['fm', 'in part'], ['od', 'reserved by a call'], ['oe', 'allocated'], ['of', 'low'],
      ['og', 'on a node'], ['oh', 'handed over'])
    return entries.map(([classes, text]) => element('li', {}, element('i', { className: classes }), text))
  }
}
