// SPDX-License-Identifier: MIT
// How long a step takes on machines of different sizes, from the request to the picture.
import { Core } from '/core.js'
import { Pictures } from '/pictures.js'

export async function benchmark() {
  const lines = []
  for (const [name, pages] of [['16 GiB', 22], ['64 GiB', 24], ['1 TiB', 28], ['16 TiB', 32]]) {
    const core = new Core()
    const end = (2n ** BigInt(pages)).toString(16)
    await core.ask('trace', `word 40\ninit 0 1000 0 ${end} -> ?\nfree 1000000 ${end}000 -> ?\n`.replace(
      `${end}000`, ((2n ** BigInt(pages) - 0x1000n) * 4096n).toString(16)))
    await core.ask('go 2')
    await core.ask('random 7 c8')
    const pictures = new Pictures(document.createElement('div'))
    pictures.view.showAll(2n ** BigInt(pages), 256)
    const step = async head => {
      const start = performance.now()
      const answer = await core.ask(head, 'alloc 5000 1000 1000000')
      const { first, shift, count } = pictures.view
      const drawing = await core.ask(`draw ${first.toString(16)} ${shift.toString(16)} ${count.toString(16)}`)
      pictures.drawPages(drawing, answer.step, true)
      await core.ask('blocks')
      return performance.now() - start
    }
    const forth = await step('call')
    const back = await step('go c8')
    lines.push(`${name}: ${forth.toFixed(1)} ms a call, ${back.toFixed(1)} ms a step back`)
  }
  return lines.join('\n')
}
