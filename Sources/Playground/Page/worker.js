// SPDX-License-Identifier: MIT
// The module, apart from the page: whatever a file makes it do, the page goes on.
let core

async function load() {
  const response = await fetch('playground.wasm')
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer())
  core = instance.exports
  core.playground_start()
}

// Addresses in the module have 64 bits; its memory is small enough for numbers.
function ask(head, data) {
  const line = new TextEncoder().encode(head + '\n')
  const place = Number(core.playground_request(BigInt(line.length + data.length)))
  new Uint8Array(core.memory.buffer, place).set(line)
  new Uint8Array(core.memory.buffer, place + line.length).set(data)
  const size = Number(core.playground_answer())
  const bytes = new Uint8Array(core.memory.buffer, Number(core.playground_bytes()), size)
  return new TextDecoder().decode(bytes)
}

const loaded = load()

onmessage = async ({ data: { number, head, data } }) => {
  try {
    await loaded
    postMessage({ number, answer: ask(head, data) })
  } catch (error) {
    postMessage({ number, failure: String(error) })
  }
}
