// SPDX-License-Identifier: MIT
// Six lessons: memory to begin with, a task, and how the page sees that it is done.  `section` is the
// heading of the article that it goes with.

// 16 MiB with a kernel at 1 MiB.
const small = `word 40
init 0 300 0 1000 -> ?
free 0 9f000 -> ? # usable
free 100000 f00000 -> ? # usable
reserve 0 1000 0 -> ? # page 0
reserve 100000 200000 0 -> ? # kernel image
reserve 300000 1000 0 -> ? # bitmap of node 0
`

const bytes = step => parseInt(step.text.split(' ')[1], 16)
const isAllocation = step => step?.text.startsWith('alloc')
const isAddress = step => /^[0-9a-f]+$/.test(step?.result ?? '')

export const lessons = [
  {
    title: '1. Nothing is free at first',
    section: 'A bit for each page',
    start: 'word 40\ninit 0 300 0 1000 -> ?\n',
    made: 1,
    task: 'A node of 16 MiB has been registered: every page is reserved, since nobody has said what '
      + 'is memory.  The firmware says that 0x100000 to 0xffffff is usable.  Free that range.',
    isDone: async ({ ask }) => {
      const [low, high] = [await ask('page 100'), await ask('page fff')]
      return low.state === 'free' && high.state === 'free'
    },
    solution: ['free 100000 f00000'],
  },
  {
    title: '2. What the loader left',
    section: 'What is in the way',
    start: small,
    made: 6,
    task: 'The loader has put a module at 0x301000, 512 KiB (80000) long.  Nothing says so yet: the next '
      + 'allocation could overwrite it.  Reserve it before you allocate anything.',
    isDone: async ({ ask, calls }) => {
      if (calls.slice(6).some(({ text }) => text.startsWith('alloc'))) return false
      const pages = [await ask('page 301'), await ask('page 380')]
      return pages.every(page => page.state === 'reserved' && page.why[0]?.includes('reserve'))
    },
    solution: ['reserve 301000 80000 0'],
  },
  {
    title: '3. The lowest place that fits',
    section: 'A bit for each page',
    start: small,
    made: 6,
    task: 'A page table wants 3 pages (3000) at a multiple of 2 MiB (200000).  Allocate them, and read in the '
      + 'search why the first free pages do not do.',
    isDone: async ({ step }) => isAllocation(step) && isAddress(step) && bytes(step) === 0x3000
      && parseInt(step.result, 16) % 0x200000 === 0,
    solution: ['alloc 3000 200000 0'],
  },
  {
    title: '4. Two in a page',
    section: 'A bit for each page',
    start: small,
    made: 6,
    task: 'Small allocations share pages.  Make two, one after the other, of which the second begins in the rest '
      + 'of the page of the first.',
    isDone: async ({ step }) => isAllocation(step)
      && step.search.some(({ text }) => text.startsWith('Begins in the rest')),
    solution: ['alloc 64 40 300000', 'alloc 64 40 300000'],
  },
  {
    title: '5. Free, and yet none left',
    section: 'What is in the way',
    start: small,
    made: 6,
    task: 'Make an allocation fail although more bytes are free than it asks for: by fragmentation, or by '
      + 'what you ask for.  Use one that returns NULL.',
    isDone: async ({ step, nodes }) => isAllocation(step) && step.result === 'NULL'
      && nodes.reduce((sum, node) => sum + node.free, 0) * 4096 >= bytes(step),
    solution: ['reserve 800000 1000 0', 'alloc_nopanic 900000 1000 0'],
  },
  {
    title: '6. The hand-over',
    section: 'The hand-over',
    start: small,
    made: 6,
    task: 'Hand all free pages over, and look at the blocks.  Then take a block of order 3 from the page '
      + 'allocator, and give it back: it gives back, where boot memory does not.',
    isDone: async ({ step, calls }) => step?.text.startsWith('#: free_pages') && step.result === 'ok'
      && calls.some(({ text }) => text === '#: pages 3'),
    solution: ['free_all', '#: pages 3', '#: free_pages {} 3'],
  },
]
