// SPDX-License-Identifier: MIT
// The page's tests, which run in the page itself: what a person does, and what is to be seen then.
import { Core, Refusal, Stop } from '/core.js'
import { lessons } from '/lessons.js'

const find = id => document.getElementById(id)
const wait = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

function expect(isTrue, text) {
  if (!isTrue) throw new Error(text)
}

function expectEqual(found, wanted, text) {
  expect(found === wanted, `${text}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
}

// Waits until something is so.
async function until(isSo, text, limit = 10_000) {
  const end = performance.now() + limit
  while (!isSo()) {
    expect(performance.now() < end, `never: ${text}`)
    await wait(10)
  }
}

// What only the driver can do.
let wishes = 0
const fulfilled = new Map()
globalThis.driven = number => fulfilled.get(number)?.()
function drive(wish) {
  const number = wishes++
  return new Promise(resolve => {
    fulfilled.set(number, resolve)
    driver(JSON.stringify({ ...wish, number }))
  })
}
const press = key => drive({ key })

const bytesOf = async path => new Uint8Array(await (await fetch(path)).arrayBuffer())
const textOf = async path => (await fetch(path)).text()
const position = () => find('counter').textContent
const rects = id => document.querySelectorAll(`#strip-${id} rect`).length

// When all that was begun has been done, and the pictures are drawn.
async function settled() {
  await wait(0)
  await until(() => find('pictures').ariaBusy !== 'true', 'the end of what was begun', 20_000)
}

async function choose(id, index) {
  find(id).selectedIndex = index
  find(id).dispatchEvent(new Event('change'))
  await settled()
}

// A click on a control, and all that comes of it.
async function click(id) {
  find(id).click()
  await settled()
}

async function link(hash) {
  for (const part of ['', hash]) {
    location.hash = part
    // The page hears of it later.
    await wait(20)
    await settled()
  }
}

async function drop(bytes, name) {
  const data = new DataTransfer()
  data.items.add(new File([bytes], name))
  dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
}

// Drops a file of which a machine is to come.
async function dropMachine(bytes, name, usable) {
  find('map').textContent = ''
  await drop(bytes, name)
  await until(() => find('map').textContent, `the map of ${name}: ${find('failure').textContent}`)
  await settled()
  expect(find('map').textContent.includes(usable), `${name}: ${find('map').textContent.slice(0, 300)}`)
  expect(rects('firmware') > 0, `${name}: nothing is drawn of the firmware`)
  expect(rects('bits') > 0, `${name}: no bits are drawn`)
}

// Drops a file that is to be refused, and sees that the page goes on.
async function dropRefused(bytes, name, text) {
  const before = [find('map').textContent, position()]
  await drop(bytes, name)
  await until(() => !find('failure').hidden, `${name} is refused`)
  expect(find('failure').textContent.includes(text), `${name}: ${find('failure').textContent}`)
  expect(find('map').textContent === before[0] && position() === before[1], `${name} changed something`)
}

export const tests = {
  async trace_of32Bits_hasLinuxsResults() {
    const core = new Core()
    let count = 0
    for (const name of JSON.parse(await textOf('/traces.json'))) {
      await core.ask('trace', await bytesOf(`/traces/${name}`))
      const { calls, differing } = await core.ask('check')
      expectEqual(differing, 0, `${name}, of ${calls} calls`)
      count += calls
    }
    expect(count > 20_000, `only ${count} calls`)
  },

  async trace_withAnotherResult_isSeen() {
    const core = new Core()
    const trace = 'word 20\ninit 0 0 0 10 -> 4\nfree 4000 c000 -> ok\nalloc 100 40 0 -> 4040\n'
    await core.ask('trace', trace)
    expectEqual((await core.ask('check')).differing, 1, 'calls that differ')
  },

  async machines_areDrawn() {
    for (let index = 0; index < find('machine').options.length; index++) {
      find('map').textContent = ''
      await choose('machine', index)
      const name = find('machine').selectedOptions[0].text
      await until(() => find('map').textContent, `${name}: ${find('failure').textContent}`)
      await settled()
      expect(find('failure').hidden, `${name}: ${find('failure').textContent}`)
      expect(rects('firmware') > 0 && rects('holders') > 0 && rects('bits') > 0, `${name} is not drawn`)
      for (const strip of document.querySelectorAll('#strips svg')) {
        expect(/0x|usable|kernel|bitmap/.test(strip.ariaLabel ?? strip.getAttribute('aria-label')),
          `${name}: ${strip.id} has no text`)
      }
    }
  },

  async defects_areStepped() {
    for (let index = 0; index < find('defect').options.length; index++) {
      await choose('defect', index)
      const name = find('defect').selectedOptions[0].text
      await until(() => position().startsWith('0 of'), `the scene of ${name}`)
      await settled()
      const count = Number(position().split(' ')[2])
      const different = []
      for (let call = 0; call < count; call++) {
        await click('forth')
        const found = document.querySelector('#step .bad')
        if (found) different.push(found.textContent)
      }
      // What is kept as it is in Linux has been recorded from it.
      const text = find('defect-text').textContent
      const isKept = name.startsWith('D20')
      expectEqual(text.includes('recorded from Linux'), isKept, `${name}: where Linux's side is from`)
      expectEqual(text.includes('No recorded trace'), !isKept, `${name}: where Linux's side is from`)
      expectEqual(different.length > 0, !isKept, `${name} differs from Linux`)
      const hasResult = different.every(text => /^([0-9a-f]+|ok|BUG|NULL) /.test(text))
      const saysWhy = /does not come back|does not say/.test(text)
      expect(hasResult !== saysWhy, `${name}: ${different}`)
    }
    expectEqual(find('defect').options.length, 25, 'defects')
  },

  async reserve_afterTheHandOver_isShownAsRefused() {
    await link('defect=D19')
    await click('to-end')
    expect(find('calls').querySelector('.now').textContent.includes('→ EINVAL'), find('calls').textContent)
    expect(find('step').textContent.includes('refused: boot memory has been handed over'), find('step').textContent)
    // A trace has Linux's word for it still.
    const core = new Core()
    const trace = 'word 40\ninit 0 0 0 10 -> 58\nfree_all -> ?\nreserve 0 1 0 -> 0\n'
    await core.ask('trace', trace)
    expectEqual((await core.ask('check')).differing, 0, 'calls that differ')
    expect((await core.ask('save')).trace.includes('reserve 0 1 0 -> 0\n'), 'the saved call')
  },

  async lessons_areSolvedByTheirSolutionsAlone() {
    for (const [index, lesson] of lessons.entries()) {
      await choose('lesson', index)
      await until(() => position().startsWith(`${lesson.made} of`), lesson.title)
      await settled()
      expect(!find('verdict').textContent.startsWith('Done'), `${lesson.title} is done before it begins`)
      for (const _ of lesson.solution) {
        expect(!find('verdict').textContent.startsWith('Done'), `${lesson.title} is done too early`)
        await click('lesson-show')
      }
      await until(() => find('verdict').textContent.startsWith('Done'), `${lesson.title} is solved`)
      expect(find('article').querySelector('.now'), `${lesson.title} has no part of the article`)
    }
  },

  async call_byForm_isMadeTakenBackAndShown() {
    await link('lesson=3')
    expectEqual(position(), '6 of 6', 'the third lesson')
    await click('tab-calls')
    for (const [name, value] of Object.entries({ byteCount: '3000', alignment: '200000', goal: '0' })) {
      find(`parameter-${name}`).value = value
    }
    find('call-form').requestSubmit()
    await settled()
    expectEqual(position(), '7 of 7', 'the call')
    const text = find('step').textContent
    for (const part of ['memory.allocate(', '__alloc_bootmem(0x3000', 'returns 400000', 'not at such a multiple']) {
      expect(text.includes(part), `${part} is not in: ${text}`)
    }
    expect(document.querySelector('#strip-allocations .oe'), 'nothing allocated is drawn')
    await click('back')
    expectEqual(position(), '6 of 7', 'a step back')
    expect(!document.querySelector('#strip-allocations .oe'), 'what was taken back is drawn')
  },

  async load_fillsTheMemoryAndHandsItOver() {
    await link('lesson=3')
    expectEqual(position(), '6 of 6', 'the third lesson')
    await click('random')
    expectEqual(position(), '56 of 56', 'fifty calls')
    await click('fill')
    await until(() => find('step').textContent.includes('0 B free'), 'nothing is free')
    await click('to-start')
    await until(() => position().startsWith('0 of'), 'the start')
    await click('to-end')
    await until(() => find('step').textContent.includes('0 B free'), 'the same once more')
    await click('hand-over')
    await until(() => find('strips').textContent.includes('handed over'), 'the hand-over')
  },

  async session_isSharedByALinkAndSaved() {
    await link('lesson=6')
    expectEqual(position(), '6 of 6', 'the sixth lesson')
    for (const _ of lessons[5].solution) {
      await click('lesson-show')
    }
    const calls = find('calls').textContent
    await click('share')
    await until(() => location.hash.startsWith('#trace='), 'a link')
    const shared = location.hash
    await link('lesson=1')
    expectEqual(position(), '1 of 1', 'another session')
    await link(shared.slice(1))
    expectEqual(position(), '9 of 9', 'the session of the link')
    expectEqual(find('calls').textContent, calls, 'the calls')
  },

  async session_withPagesAndHeap_isReadAgainAsItWasSaved() {
    const core = new Core()
    await core.ask('trace', lessons[5].start)
    let { count, step } = await core.ask('go 6')
    for (const call of ['free_all', '#: pages 2', '#: heap 123', '#: heap 5000', '#: heap_free {}']) {
      ({ count, step } = await core.ask('call', call.replace('{}', step?.result)))
    }
    const { trace } = await core.ask('save')
    expect(/^#: heap 123 -> [0-9a-f]+$/m.test(trace) && /^#: heap_free [0-9a-f]+ -> ok$/m.test(trace), trace)
    const again = new Core()
    expectEqual((await again.ask('trace', trace)).count, count, 'the calls')
    expectEqual((await again.ask('check')).differing, 0, 'calls that differ')
    expectEqual((await again.ask('save')).trace, trace, 'the same once more')
  },

  // 1 GiB from node 1 on, whose pages up to 512 MiB are taken, and node 0 behind it.
  async heap_lies_whereTheHandOverLeftMemory() {
    const core = new Core()
    await core.ask('trace', `word 40
init 0 40000 40000 80000 -> ?
init 1 40000 0 40000 -> ?
free 0 80000000 -> ? # usable
alloc 20000000 1000 0 -> 0
free 5000 2000 -> ok
free_all -> ?
#: pages 0 -> 5
#: pages 1 -> ?
#: heap 64 -> ?
#: heap 10000 -> ?
free_late 3000 2000 -> ?
#: heap 2000 -> ?
`)
    const { calls, count } = await core.ask('go c')
    expectEqual(count, 12, 'calls')
    expectEqual(calls[6].result, '5', 'the lowest page')
    const [pair, small, large, last] = [7, 8, 9, 11].map(index => parseInt(calls[index].result, 16))
    expect(pair * 0x1000 >= 0x20000000, `two pages at ${pair}`)
    for (const address of [small, large, last]) {
      expect(address >= 0x20000000 && address < 0x26000000, `an object at ${address.toString(16)}`)
    }
    // No object where memory has no contents; all else goes on.
    const { step } = await core.ask('call', '#: heap 8000000')
    expect(step.words.includes('contents are there for pages 0x20000'), step.words)
    expectEqual((await core.ask('call', '#: pages a')).step.result, '20400', 'four megabytes')
  },

  async blocks_areThoseOfTheHandOver() {
    const core = new Core()
    for (const [calls, orders] of [
      ['init 0 0 0 1000 -> ?\nfree 3000 ffd000 -> ok\n', [1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 3]],
      ['init 0 0 5 d -> ?\nfree 5000 8000 -> ok\n', [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]],
      ['init 0 0 0 20 -> ?\ninit 1 0 20 30 -> ?\nfree 10000 20000 -> ok\n', [0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]],
    ]) {
      const { count } = await core.ask('trace', `word 40\n${calls}free_all -> ?\n`)
      for (const position of [count - 1, count]) {
        await core.ask(`go ${position}`)
        expectEqual(JSON.stringify((await core.ask('blocks')).orders), JSON.stringify(orders), calls)
      }
    }
    // And of a machine of 16 TiB, within what a step may take.
    await core.ask('trace', 'word 40\ninit 0 0 0 100000000 -> ?\nfree 1000 ffffffff000 -> ok\n')
    await core.ask('go 2')
    await core.ask('random 5 c8')
    const start = performance.now()
    const { orders } = await core.ask('blocks')
    expect(performance.now() - start < 100, `${performance.now() - start} ms`)
    expect(orders[10] > 4_000_000, `${orders}`)
  },

  async machine_thatIsTooLarge_isRefusedAndThePageGoesOn() {
    const core = new Core()
    await core.ask('trace', `word 40
init 0 300000000 0 100000000 -> ?
free 1000000 1000000 -> ok
init 1 0 100000000 200000000 -> ?
`)
    const refused = async head => {
      const error = await core.ask(head, '#: pages 0').catch(error => error)
      expect(error instanceof Refusal && error.message.includes('too large'), `${head}: ${error}`)
    }
    await refused('go 3')
    // The first of them is there as before, and can be handed over; there is no room for its page allocator.
    expectEqual((await core.ask('call', 'alloc 1000 1000 0')).step.result, '1000000', 'an allocation')
    await core.ask('call', 'free_all')
    await refused('call')
    await refused('call')
    const { position, step } = await core.ask('go 4')
    expectEqual(`${position} ${step.text}`, '4 free_all', 'the session')
    // A smaller machine has one.
    await core.ask('trace', 'word 40\ninit 0 0 0 10000000 -> ?\nfree 1000000 1000000000 -> ok\nfree_all -> ?\n')
    await core.ask('go 3')
    expect(/^[0-9a-f]+$/.test((await core.ask('call', '#: pages 0')).step.result), 'a page')
  },

  async entry_isEditedAndSanitised() {
    await choose('machine', 2)
    await until(() => find('about').textContent.includes('An old PC'), 'the old PC')
    await settled()
    find('editing').open = true
    find('entries').value += '0000000000200000 0000000000300000 reserved\n'
    find('entries').dispatchEvent(new Event('input'))
    await until(() => find('map').textContent.includes('0000000000200000-00000000002fffff reserved'), 'the entry')
    find('entries').value += 'nonsense\n'
    find('entries').dispatchEvent(new Event('input'))
    await until(() => find('entries-error').textContent.includes('error'), 'what is wrong')
    expect(find('map').textContent.includes('00000000002fffff reserved'), 'the map as it was')
  },

  async files_ofEachKind_areRead() {
    await dropMachine('0 9fc00 usable\n9fc00 a0000 reserved\n100000 8000000 usable\n', 'a.e820', '0000000007ffffff usable')
    await dropMachine(await bytesOf('/reports/plan-ignores-cmdline/dmesg.txt'), 'dmesg.txt', 'usable')
    await dropMachine('00000000-00000fff : Reserved\n00001000-0009ffff : System RAM\n00100000-07ffffff : System RAM\n'
      + '  00100000-002fffff : Kernel code\n', 'iomem', '0000000007ffffff usable')
    await dropMachine(await bytesOf('/device-trees/board.dtb'), 'board.dtb', 'usable')
    await dropMachine(await bytesOf('/boot-information/both-maps.bin'), 'both-maps.bin', 'usable')
    await dropMachine(await bytesOf('/reports/xen-dom0-log/input.txt'), 'xen.log', 'usable')
    await drop(await bytesOf(`/traces/${JSON.parse(await textOf('/traces.json'))[0]}`), 'a.trace')
    await until(() => position().startsWith('0 of'), 'the trace')
  },

  async files_thatAreHostile_changeNothing() {
    await choose('machine', 2)
    await until(() => find('about').textContent.includes('An old PC'), 'the old PC')
    await settled()
    let state = 1
    const noise = Uint8Array.from({ length: 100_000 }, () => (state = state * 48271 % 2147483647) & 0xff)
    await dropRefused(noise, 'noise', 'neither text nor')
    await dropRefused('', 'empty', 'no memory map')
    await dropRefused(new Uint8Array((16 << 20) + 1), 'large', '16 MiB')
    await dropRefused((await bytesOf('/device-trees/board.dtb')).subarray(0, 200), 'cut.dtb', 'cut.dtb')
    await dropRefused('0 1000 usable\n2000 1000 usable\n', 'turned', 'turned:2')
    await dropRefused('word 40\n' + 'free 0 0 -> ok\n'.repeat(100_001), 'long.trace', '100000')
    for (const hash of ['trace=AAAA', 'trace=%%%', 'trace=', 'lesson=nine', 'machine=']) {
      await link(hash)
      await until(() => !find('failure').hidden, `${hash} is refused`)
    }
  },

  async files_thatAreMerelyStrange_areShown() {
    // All of 2^64 bytes have no bitmap here; their map is shown, and why there is no more.
    await drop('0 10000000000000 usable\n', 'all.e820')
    await until(() => find('failure').textContent.includes('too large'), 'too large')
    expect(rects('firmware') > 0, 'the map is drawn')
    await drop('word 40\ninit 0 0 0 ffffffffff -> 0\n', 'wide.trace')
    await settled()
    await click('forth')
    expect(find('failure').textContent.includes('too large'), find('failure').textContent)
    // As many entries as a loader never leaves, each on top of others.
    let text = ''
    for (let index = 0; index < 3000; index++) {
      text += `${(index * 0x1800).toString(16)} ${(index * 0x1800 + 0x4000).toString(16)} ${index % 3 ? 'usable' : 'reserved'}\n`
    }
    find('map').textContent = ''
    await drop(text, 'many.e820')
    await until(() => find('map').textContent || !find('failure').hidden, 'many entries', 20_000)
    await choose('machine', 0)
    await until(() => find('about').textContent.includes('A laptop'), 'the page goes on')
    await settled()
    expect(find('failure').hidden, find('failure').textContent)
  },

  async module_thatIsBusyForTooLong_beginsAnew() {
    const core = new Core(3000)
    // A hundred times the sum of a flat bitmap of 2^32 pages.
    await core.ask('trace', `word 40\ninit 0 0 0 ffffffff -> ?\n${'map 0 -> ?\n'.repeat(100)}`)
    const [busy, behind] = await Promise.allSettled([core.ask('go 65'), core.ask('save')])
    expect(busy.reason instanceof Stop && behind.reason instanceof Stop, 'the module is given up')
    expect((await core.ask('calls')).length > 20, 'a new one answers')
    const refused = await core.ask('save').catch(error => error)
    expect(refused instanceof Refusal, 'it has nothing of the old one')
  },

  async page_isPointedAtAndZoomed() {
    await choose('machine', 0)
    await until(() => find('about').textContent.includes('A laptop'), 'the laptop')
    await settled()
    await click('low')
    await until(() => find('scale').textContent.includes('64 KiB'), 'the lowest 16 MiB')
    await settled()
    const strip = find('strip-bits')
    const box = strip.getBoundingClientRect()
    strip.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * 0.07, clientY: box.top + 5 }))
    await until(() => find('page').textContent.includes('kernel image'), `the kernel, not ${find('page').textContent}`)
    expect(find('pointer').textContent.includes('reserved'), find('pointer').textContent)
    for (const part of ['the firmware: usable, line', 'held: kernel image', 'reserve_node 0 100000']) {
      expect(find('page').textContent.includes(part), `${part} is not in ${find('page').textContent}`)
    }
    await click('tree')
    await until(() => document.querySelector('#strip-bits .t0, #strip-bits .t1, #strip-bits .t2'), 'the tree')
    await click('pages')
    await until(() => find('scale').textContent === 'one stretch is a page', 'single pages')
    await click('all')
    await until(() => find('scale').textContent.includes('MiB'), 'all memory')
  },

  async keyboard_reachesEverything() {
    find('tab-machine').focus()
    await press('ArrowRight')
    await until(() => document.activeElement === find('tab-calls'), 'the next tab')
    expect(!find('panel-calls').hidden, 'its panel')
    find('strip-bits').focus()
    const before = find('pointer').textContent
    await press('ArrowRight')
    await press('ArrowRight')
    await until(() => find('pointer').textContent !== before, 'the next stretch')
    const scale = find('scale').textContent
    await press('+')
    await until(() => find('scale').textContent !== scale, 'the zoom')
    // Every control is reached from the one before it.
    const reached = new Set()
    find('tab-machine').focus()
    for (let count = 0; count < 80; count++) {
      reached.add(document.activeElement.id)
      await press('Tab')
    }
    for (const id of ['machine', 'file', 'entries', 'zoom-in', 'tree', 'strip-bits', 'save']) {
      const element = find(id)
      const isShown = element.checkVisibility() && !element.disabled
      expect(!isShown || reached.has(id), `${id} is not reached`)
    }
  },

  async control_saysWhatItDoes() {
    for (const control of document.querySelectorAll('button, select, input, textarea')) {
      expect(/^[A-Z].*\.$/.test(control.title), `${control.id || control.outerHTML}: ${control.title}`)
      const name = control.ariaLabel || control.textContent.trim() || control.labels?.length
      expect(name, `${control.id} has no name`)
    }
    find('share').focus()
    expectEqual(find('hint').textContent, find('share').title, 'the hint')
  },

  async width_ofATelephone_isEnough() {
    for (const [width, height] of [[375, 800], [1400, 900], [820, 1180]]) {
      await drive({ width, height })
      await until(() => innerWidth === width, `${width} wide`)
      await wait(150)
      for (const tab of ['machine', 'calls', 'defects', 'traces', 'lessons']) {
        await click(`tab-${tab}`)
        expect(document.scrollingElement.scrollWidth <= width,
          `${tab}: ${document.scrollingElement.scrollWidth} of ${width} points`)
      }
      const shapes = [...document.querySelectorAll('#strip-bits rect')].map(rect => Number(rect.getAttribute('width')))
      expect(shapes.length > 0 && shapes.every(shape => shape > 0), `${width}: the bits`)
    }
  },
}
