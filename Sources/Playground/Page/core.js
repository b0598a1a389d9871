// SPDX-License-Identifier: MIT
// Asks the module.  Playground.swift says what there is to ask.

export class Core {
  // What takes longer, in milliseconds, is given up.
  #timeLimit
  #worker
  #number = 0
  #waiting = new Map()

  constructor(timeLimit = 20_000) { this.#timeLimit = timeLimit }

  // Answers a request; throws where the module refuses it, or stops at it and begins anew.
  async ask(head, data = new Uint8Array()) {
    this.#worker ??= this.#start()
    const number = this.#number++
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const text = await new Promise((resolve, reject) => {
      const clock = setTimeout(
        () => this.#stop(`it was busy for ${this.#timeLimit / 1000} seconds`), this.#timeLimit)
      this.#waiting.set(number, { resolve, reject, clock })
      this.#worker.postMessage({ number, head, data: bytes })
    })
    const answer = JSON.parse(text)
    if (answer.error !== undefined) throw new Refusal(answer.error)
    return answer
  }

  #start() {
    const worker = new Worker('worker.js')
    worker.onmessage = ({ data: { number, answer, failure } }) => {
      if (failure) return this.#stop(failure)
      const waiting = this.#waiting.get(number)
      if (!waiting) return
      this.#waiting.delete(number)
      clearTimeout(waiting.clock)
      waiting.resolve(answer)
    }
    worker.onerror = event => this.#stop(event.message)
    return worker
  }

  // Gives the module up with all that waits for it; the next request begins with a new one.
  #stop(reason) {
    this.#worker?.terminate()
    this.#worker = undefined
    for (const { reject, clock } of this.#waiting.values()) {
      clearTimeout(clock)
      reject(new Stop(reason))
    }
    this.#waiting.clear()
  }
}

// The module's own refusal: nothing has changed.
export class Refusal extends Error {}

// The module has stopped, and all it had is gone.
export class Stop extends Error {}
