// SPDX-License-Identifier: MIT
// The page: its controls, and what is shown of the module's answers.
import { article, inline, tableRows } from './article.js'
import { Core, Refusal, Stop } from './core.js'
import { lessons } from './lessons.js'
import { Pictures, element, hex, number } from './pictures.js'

const find = id => document.getElementById(id)
const core = new Core()
const pictures = new Pictures(find('strips'))
const view = pictures.view

// What is shown: the module's last answers, and nothing that is worked out here.
let machine, session, calls = [], files
let lesson, defect, playing, cursor

const fileLimit = 16 << 20

// ---- Errors ----

// Runs what a control does; what is refused is said, and the page goes on.
function act(action) {
  return async event => {
    setRunning(running + 1)
    try {
      say('')
      await action(event)
    } catch (error) {
      stopPlaying()
      if (error instanceof Stop) {
        say(`The module stopped: ${error.message}. It has begun anew; choose a machine.`)
        machine = session = undefined
      } else if (error instanceof Refusal) {
        say(error.message)
      } else {
        throw error
      }
    } finally {
      setRunning(running - 1)
    }
  }
}

// How many of these are under way: while there is any, the pictures are about to change.
let running = 0
function setRunning(count) {
  running = count
  find('pictures').ariaBusy = String(count > 0)
}

function say(text) {
  find('failure').textContent = text
  find('failure').hidden = !text
}

// ---- Sessions ----

async function show(answer, redrawsAll = true) {
  session = answer
  if (redrawsAll) showAll()
  await draw()
}

function showAll() {
  const ends = [session, machine].map(answer => number(answer?.end ?? '1'))
  view.showAll(ends[0] > ends[1] ? ends[0] : ends[1], stretchLimit())
}

// As many stretches as can be told apart.
const stretchLimit = () => innerWidth < 640 ? 128 : 256

async function go(position) {
  if (session) await show(await core.ask(`go ${position.toString(16)}`), false)
}

async function call(text) {
  if (!session) throw new Refusal('There is no memory yet: choose a machine first.')
  await show(await core.ask('call', text), false)
  followStep()
}

// Brings what the last call was about into the picture.
function followStep() {
  const { first } = session.step ?? {}
  if (first === undefined) return
  const page = number(first)
  if (page < view.first || page >= view.end) {
    view.zoom(0, page)
    return draw()
  }
}

// ---- Drawing ----

async function draw() {
  pictures.drawMachine(machine)
  find('legend').replaceChildren(...Pictures.legend(Boolean(machine)))
  find('scale').textContent = `one stretch is ${sizeOfStretch()}`
  drawControls()
  if (!session) return
  const drawing = await core.ask(
    `draw ${view.first.toString(16)} ${view.shift.toString(16)} ${view.count.toString(16)}`)
  pictures.drawPages(drawing, session.step, find('tree').checked)
  drawCursor()
  drawStep()
  drawCalls()
  await drawBlocks()
  await drawLesson()
}

function sizeOfStretch() {
  if (view.shift === 0) return 'a page'
  const bytes = view.size << 12n
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const unit = Math.min(Math.floor((view.shift + 2) / 10), 4)
  return `${bytes >> BigInt(10 * unit + 10)} ${units[unit]}`
}

function drawControls() {
  const { position = 0, count = 0 } = session ?? {}
  Object.assign(find('position'), { max: count, value: position })
  find('counter').textContent = `${position} of ${count}`
  for (const id of ['to-start', 'back']) find(id).disabled = position === 0
  for (const id of ['forth', 'to-end', 'play']) find(id).disabled = position === count
  find('play').textContent = playing ? '❚❚' : '▶▶'
  find('play').setAttribute('aria-label', playing ? 'Stop' : 'Play')
}

function list(items) {
  return element('ul', {}, ...items.map(item => element('li', {}, item)))
}

function rows(pairs) {
  return pairs.flatMap(([term, ...values]) => [
    element('dt', {}, term), element('dd', {}, ...values),
  ])
}

function drawStep() {
  const { step } = session
  if (!step) return find('step').replaceChildren()
  const pairs = [
    ['Swift', element('code', {}, step.swift)], ['C', element('code', {}, step.c)],
    ['Here', element('strong', {}, step.words)],
  ]
  if (step.traced !== null) {
    const same = step.differs ? 'another result' : 'the same'
    pairs.push([defect ? 'Linux 4.19 does' : 'Linux',
      element('span', { className: step.differs ? 'bad' : 'good' }, `${step.traced} (${same})`)])
  }
  if (step.search.length) pairs.push(['Search', list(step.search.map(({ text }) => text))])
  if (session.after) {
    const { allocations, pages, indexPages, mapped } = session.after
    pairs.push(['Heap', `${allocations} objects in ${pages} pages, and ${indexPages} to find them by`],
      ['Contents', `${mapped}: of the machine's memory that much has contents here, for objects`])
  }
  for (const { id, freeSize, hint, lastEnd } of session.isHandedOver ? [] : session.nodes.slice(0, 8)) {
    const last = number(lastEnd) ? `; the last allocation ends at ${hex(number(lastEnd))}` : ''
    pairs.push([`Node ${id}`, `${freeSize} free; the search goes on at page ${hex(number(hint))}${last}`])
  }
  find('step').replaceChildren(element('dl', {}, ...rows(pairs)))
}

function drawCalls() {
  const items = session.calls.map(({ text, result, note }, offset) => {
    const index = session.firstCall + offset
    const state = index + 1 === session.position ? 'now' : index < session.position ? 'done' : 'coming'
    const item = element('li', { className: state, value: index + 1 }, `${index + 1}  ${text}`)
    if (result) item.append(` → ${result}`)
    if (note) item.append(element('span', { className: 'note' }, `  ${note}`))
    item.onclick = act(() => go(index + 1))
    return item
  })
  find('calls').replaceChildren(...items)
  const now = find('calls').querySelector('.now')
  if (now) find('calls').scrollTop = now.offsetTop - find('calls').offsetTop - 60
}

async function drawBlocks() {
  const title = session.hasPages ? 'Free blocks of the page allocator'
    : session.isHandedOver ? 'Blocks that were handed over' : 'Blocks, if it were handed over now'
  const { orders } = await core.ask('blocks')
  pictures.drawOrders(orders, title, 'by order: two to the power of so many pages')
}

// ---- Machines ----

function showMachine(answer) {
  machine = answer
  find('notes').replaceChildren(...answer.notes.map(note => element('li', {}, note)))
  if (document.activeElement !== find('entries')) find('entries').value = answer.table
  find('map').textContent = answer.map.map(({ start, last, kind }) =>
    `${start.padStart(16, '0')}-${last.padStart(16, '0')} ${kind}`).join('\n')
}

async function boot() {
  leaveScene()
  try {
    const answer = await core.ask(`boot ${find('bits').value}`)
    showMachine(await core.ask('machine'))
    await show(await core.ask(`go ${answer.count.toString(16)}`))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    session = undefined
    showAll()
    await draw()
    throw error
  }
}

async function readMachine(bytes, name, nodes) {
  showMachine(await core.ask(`read ${find('form').value} ${name}`, bytes))
  if (nodes) showMachine(await core.ask(`nodes ${name}`, nodes))
  await boot()
}

async function bytesOf(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Refusal(`${path} is not there`)
  return new Uint8Array(await response.arrayBuffer())
}

async function chooseMachine() {
  const { title, file, nodes, about } = files.machines[find('machine').value]
  find('form').value = 'auto'
  find('about').textContent = about
  await readMachine(await bytesOf(`machines/${file}`), title, nodes && await bytesOf(`machines/${nodes}`))
}

async function readFile(file) {
  if (file.size > fileLimit) throw new Refusal('The file has more than 16 MiB.')
  const bytes = new Uint8Array(await file.arrayBuffer())
  const start = new TextDecoder().decode(bytes.subarray(0, 1 << 16))
  find('about').textContent = file.name
  if (/^(trace begin|word [24]0|init .* -> )/m.test(start)) return readTrace(bytes)
  await readMachine(bytes, file.name)
}

async function readTrace(bytes, position = 0) {
  leaveScene()
  const answer = await core.ask('trace', bytes)
  machine = undefined
  find('notes').replaceChildren()
  await show(answer)
  if (position) await go(position)
}

// ---- Calls ----

function showCallForm() {
  const { sentence, parameters } = calls[find('call').value]
  find('call-sentence').textContent = sentence
  find('parameters').replaceChildren(...parameters.map(({ name, sentence, example }) => element('p', {},
    element('label', { htmlFor: `parameter-${name}` }, name.replace(/[A-Z]/g, ' $&').toLowerCase()),
    element('input', {
      type: 'text', id: `parameter-${name}`, value: example, title: `${sentence} Hexadecimal.`,
      pattern: '(0x)?[0-9a-fA-F]{1,16}', required: true, spellcheck: false, autocomplete: 'off',
    }))))
}

function callText() {
  const { name, parameters } = calls[find('call').value]
  const values = parameters.map(({ name }) => find(`parameter-${name}`).value.trim().replace(/^0x/i, ''))
  return [name, ...values].join(' ')
}

// ---- Lessons and defects ----

async function chooseLesson() {
  stopPlaying()
  find('verdict').textContent = ''
  const index = Number(find('lesson').value)
  await readTrace(new TextEncoder().encode(lessons[index].start), lessons[index].made)
  lesson = { ...lessons[index], isSolved: false }
  find('task').textContent = lesson.task
  find('lesson-next').disabled = index + 1 === lessons.length
  for (const section of find('article').children) {
    section.classList.toggle('now', section.title === lesson.section)
  }
  const now = find('article').querySelector('.now')
  if (now) find('article').scrollTop = now.offsetTop - find('article').offsetTop
}

// What is shown now is neither a lesson nor a defect.
function leaveScene() { lesson = defect = undefined }

async function drawLesson() {
  if (!lesson || lesson.isSolved || session.position < lesson.made) return
  lesson.isSolved = await lesson.isDone({
    ...session, calls: session.calls.slice(0, session.position), ask: head => core.ask(head),
  })
  find('verdict').textContent = lesson.isSolved ? 'Done: that is it.' : 'Not yet.'
  find('verdict').className = lesson.isSolved ? 'good' : ''
}

async function showSolution() {
  if (!lesson) await chooseLesson()
  const { solution, made } = lesson
  if (session.position < made) await go(made)
  const next = solution[session.position - made]
  // What a call before has returned.
  if (next) await call(next.replace('{}', session.step?.result))
}

// Where a scene's results of Linux are from.
function source({ recorded, noResult = '' }) {
  if (recorded) return `Its results here were recorded from Linux: the scenario ${recorded}.`
  return 'No recorded trace of Linux touches this defect. What Linux does is what this project\'s list of defects '
    + `says, which running Linux has shown, worked out for these calls. ${noResult}`
}

async function chooseDefect() {
  const scene = files.defects[find('defect').value]
  const { id, linux, here, why, recorded } = scene
  const terms = [
    ['Linux 4.19', ...inline(linux)], ['Here', ...inline(here)], ['Why it matters', why],
    ["Linux's side", source(scene)],
  ]
  find('defect-text').replaceChildren(...rows(terms))
  await readTrace(await bytesOf(recorded ? `traces/${recorded}` : `scenes/${id}.trace`))
  defect = id
}

// ---- Playing ----

function stopPlaying() {
  clearTimeout(playing)
  playing = undefined
  drawControls()
}

function play() {
  if (playing) return stopPlaying()
  const next = async () => {
    await act(() => go(session.position + 1))()
    if (playing && session && session.position < session.count) {
      playing = setTimeout(next, 1000 / find('speed').value)
    } else {
      stopPlaying()
    }
  }
  playing = setTimeout(next)
  drawControls()
}

// ---- Pointing ----

let isDescribing = false

async function describe() {
  if (cursor === undefined || !session || isDescribing) return
  isDescribing = true
  const column = cursor
  try {
    const page = view.pageAt(column)
    const found = await core.ask(`page ${page.toString(16)}`)
    find('pointer').textContent = `page ${hex(page)}, address ${hex(page << 12n)}: ${found.state}`
      + (found.node === undefined ? '' : `, node ${found.node}`)
    find('page').replaceChildren(
      ...found.machine.length ? [list(found.machine)] : [],
      ...found.why?.length ? [list(found.why)] : [],
      ...find('tree').checked && found.tree ? [list(found.tree)] : [])
  } finally {
    isDescribing = false
  }
  if (cursor !== column) await describe()
}

function drawCursor() { pictures.drawCursor(cursor) }

function point(column) {
  cursor = Math.min(Math.max(column, 0), view.count - 1)
  drawCursor()
  return describe()
}

async function zoom(change) {
  const middle = cursor === undefined ? undefined : view.pageAt(cursor)
  view.zoom(change, middle)
  if (cursor !== undefined) cursor = Math.min(Number((middle - view.first) / view.size), view.count - 1)
  await draw()
}

async function pan(part) {
  const step = view.size * BigInt(view.count) / 4n
  view.move(view.first + BigInt(part) * step)
  await draw()
  await describe()
}

for (const { svg } of pictures.strips) {
  svg.addEventListener('pointermove', act(event => {
    const box = svg.getBoundingClientRect()
    return point(Math.floor((event.clientX - box.left) / box.width * view.count))
  }))
  svg.addEventListener('dblclick', act(() => zoom(-2)))
  svg.addEventListener('wheel', event => {
    if (!event.ctrlKey) return
    event.preventDefault()
    act(() => zoom(Math.sign(event.deltaY)))()
  }, { passive: false })
  svg.addEventListener('keydown', event => {
    const far = event.shiftKey ? 16 : 1
    const actions = {
      ArrowLeft: () => point((cursor ?? 0) - far), ArrowRight: () => point((cursor ?? -1) + far),
      '+': () => zoom(-1), '-': () => zoom(1), Home: () => point(0), End: () => point(view.count - 1),
      PageUp: () => pan(-1), PageDown: () => pan(1),
    }
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    act(action)()
  })
}

// ---- Links ----

async function packed(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt())
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const parts = []
  let size = 0
  // A few bytes may stand for any number.
  for (let part; !(part = await reader.read()).done;) {
    parts.push(part.value)
    size += part.value.length
    if (size > fileLimit) throw new Refusal('The link stands for more than 16 MiB.')
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

// Shows what the address of the page names; true if it names anything.
async function followLink() {
  const [kind, value] = location.hash.slice(1).split('=')
  switch (kind) {
    case 'trace': {
      let bytes
      try {
        bytes = await unpacked(value ?? '')
      } catch (error) {
        throw error instanceof Refusal ? error : new Refusal('The link has no calls that can be read.')
      }
      await readTrace(bytes, 1 << 30)
      return true
    }
    case 'lesson': case 'defect': case 'machine': {
      const options = [...find(kind).options]
      const option = options.find(option => option.text.startsWith(value ? decodeURIComponent(value) : ' '))
      if (!option) throw new Refusal(`There is no such ${kind}: ${value}`)
      find(kind).value = option.value
      selectTab(kind === 'machine' ? 'machine' : `${kind}s`, false)
      await { lesson: chooseLesson, defect: chooseDefect, machine: chooseMachine }[kind]()
      return true
    }
  }
  return false
}

async function share() {
  const { trace } = await core.ask('save')
  history.replaceState(null, '', `#trace=${await packed(trace)}`)
  let text = 'The address of this page has all calls in it now'
  try {
    await navigator.clipboard.writeText(location.href)
    text += ', and is copied'
  } catch { /* Not every page may copy. */ }
  find('shared').textContent = `${text}.`
}

async function save() {
  const { trace } = await core.ask('save')
  const link = element('a', {
    href: URL.createObjectURL(new Blob([trace], { type: 'text/plain' })), download: 'session.trace',
  })
  link.click()
  URL.revokeObjectURL(link.href)
}

// ---- Controls ----

const tabs = ['machine', 'calls', 'lessons', 'defects', 'traces']

function selectTab(chosen, loads = true) {
  for (const name of tabs) {
    const isChosen = name === chosen
    Object.assign(find(`tab-${name}`), { ariaSelected: String(isChosen), tabIndex: isChosen ? 0 : -1 })
    find(`panel-${name}`).hidden = !isChosen
  }
  if (!loads) return
  if (chosen === 'lessons' && !lesson) return chooseLesson()
  if (chosen === 'defects' && !defect) return chooseDefect()
}

tabs.forEach((name, index) => {
  const tab = find(`tab-${name}`)
  tab.onclick = act(() => selectTab(name))
  tab.onkeydown = act(event => {
    const change = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!change) return
    const next = tabs[(index + change + tabs.length) % tabs.length]
    find(`tab-${next}`).focus()
    return selectTab(next)
  })
})

const clicks = {
  'to-start': () => go(0), back: () => go(session.position - 1), forth: () => go(session.position + 1),
  'to-end': () => go(session.count), play,
  'zoom-in': () => zoom(-1), 'zoom-out': () => zoom(1), left: () => pan(-1), right: () => pan(1),
  all: () => { showAll(); return draw() },
  low: () => {
    view.showAll(0x1000n, stretchLimit())
    return draw()
  },
  pages: () => {
    view.shift = 0
    view.count = stretchLimit()
    view.zoom(0, session?.step?.first ? number(session.step.first) + 32n : undefined)
    return draw()
  },
  fill: async () => show(await core.ask('fill'), false),
  random: async () => show(await core.ask(`random ${session.count.toString(16)} 32`), false),
  'hand-over': () => call('free_all'),
  'lesson-again': chooseLesson, 'lesson-show': showSolution,
  'lesson-next': () => { find('lesson').value++; return chooseLesson() },
  check: async () => {
    const { calls, differing } = await core.ask('check')
    find('check-result').textContent = `${calls} calls, ${differing} with another result than Linux's.`
    await go(calls)
  },
  save, share,
}
for (const [id, action] of Object.entries(clicks)) find(id).onclick = act(action)

const changes = {
  machine: chooseMachine, bits: boot, lesson: chooseLesson, defect: chooseDefect, tree: draw,
  trace: async () => readTrace(await bytesOf(`traces/${find('trace').value}`)),
  call: showCallForm, file: ({ target }) => target.files[0] && readFile(target.files[0]),
}
for (const [id, action] of Object.entries(changes)) find(id).onchange = act(action)
find('position').oninput = act(() => go(Number(find('position').value)))
find('call-form').onsubmit = event => {
  event.preventDefault()
  act(() => call(callText()))()
}
find('entries').oninput = act(async () => {
  find('entries-error').textContent = ''
  try {
    showMachine(await core.ask('entries', find('entries').value))
    await boot()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    find('entries-error').textContent = error.message
  }
})

addEventListener('dragover', event => {
  event.preventDefault()
  document.body.classList.add('dropping')
})
addEventListener('dragleave', () => document.body.classList.remove('dropping'))
addEventListener('drop', event => {
  event.preventDefault()
  document.body.classList.remove('dropping')
  const file = event.dataTransfer.files[0]
  if (file) act(() => readFile(file))()
})
addEventListener('hashchange', act(followLink))
addEventListener('resize', act(() => {
  if (view.count === stretchLimit() || view.count < 128 || !session) return
  showAll()
  return draw()
}))

// Each control says what it does, to whoever points at it or goes to it.
for (const name of ['pointerover', 'focusin']) {
  addEventListener(name, event => {
    const sentence = event.target.closest?.('[title]')?.title
    if (sentence) find('hint').textContent = sentence
  })
}

function fillSelect(id, options) {
  find(id).replaceChildren(...options.map(({ value, text }) => element('option', { value }, text)))
}

async function start() {
  selectTab('machine', false)
  const texts = ['machines.json', 'traces.json', 'scenes.json', 'Defects.md', 'WhatBootMemoryIs.md'].map(async path =>
    (await fetch(path)).text())
  const [machines, traces, scenes, defects, text] = await Promise.all(texts)
  const defectRows = new Map(tableRows(defects).map(([id, linux, here]) => [id, { id, linux, here }]))
  files = { machines: JSON.parse(machines), traces: JSON.parse(traces) }
  files.defects = JSON.parse(scenes).map(scene => ({ ...defectRows.get(scene.id), ...scene }))
  fillSelect('machine', files.machines.map(({ title }, value) => ({ value, text: title })))
  fillSelect('trace', files.traces.map(name => ({ value: name, text: name.replace('.trace', '').replaceAll('_', ' ') })))
  fillSelect('defect', files.defects.map(({ id, linux }, value) =>
    ({ value, text: `${id} ${linux.replaceAll('`', '')}` })))
  fillSelect('lesson', lessons.map(({ title }, value) => ({ value, text: title })))
  find('article').replaceChildren(...article(text))
  calls = await core.ask('calls')
  fillSelect('call', calls.map(({ name, sentence }, value) =>
    ({ value, text: `${name.replace('#: ', '')} — ${sentence}` })))
  showCallForm()
  if (!await followLink()) await chooseMachine()
  document.documentElement.dataset.ready = 'true'
}

act(async () => {
  try {
    await start()
  } catch (error) {
    if (/memory|limits|Wasm|WebAssembly/i.test(error.message) && error instanceof Stop) {
      throw new Refusal('This browser has no WebAssembly with 64-bit memory: Chromium has it from 133 on, '
        + `Firefox from 134 on. (${error.message})`)
    }
    throw error
  }
})()
