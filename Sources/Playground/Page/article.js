// SPDX-License-Identifier: MIT
// Shows the documentation's own articles, which are text with marks (Markdown as DocC has it).
import { element } from './pictures.js'

// A line's text with its marks.
function inline(text) {
  const parts = []
  const pattern = /!\[([^\]]*)\]\(([^)]*)\)|`{1,2}([^`]+)`{1,2}|\*\*([^*]+)\*\*|\*([^*]+)\*|<doc:([^>]+)>/g
  let end = 0
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(end, match.index))
    end = match.index + match[0].length
    const [, alt, image, code, strong, emphasis, link] = match
    if (image) parts.push(element('img', { src: `images/${image}.svg`, alt, loading: 'lazy' }))
    else if (code) parts.push(element('code', {}, code.replace(/^\/(.*\/)?/, '')))
    else if (strong) parts.push(element('strong', {}, strong))
    else if (emphasis) parts.push(element('em', {}, emphasis))
    else parts.push(link.replace(/^.*\//, '').replace(/([a-z])([A-Z])/g, '$1 $2'))
  }
  return [...parts, text.slice(end)]
}

// The article as elements, a section for each heading.
export function article(text) {
  const sections = [element('section')]
  for (const block of text.split(/\n{2,}/)) {
    const heading = block.match(/^(#+) (.*)/)
    if (heading) {
      const title = heading[2].trim()
      sections.push(element('section', { title }, element(heading[1].length === 1 ? 'h2' : 'h3', {}, title)))
    } else if (block.startsWith('- ')) {
      const items = block.split(/\n(?=- )/).map(item =>
        element('li', {}, ...inline(item.slice(2).replace(/\s+/g, ' '))))
      sections.at(-1).append(element('ul', {}, ...items))
    } else if (block.trim()) {
      sections.at(-1).append(element('p', {}, ...inline(block.replace(/\s+/g, ' '))))
    }
  }
  return sections
}

// The rows of an article's table, each a list of cells as elements.
export function tableRows(text) {
  return text.split('\n').filter(line => /^\| [A-Z]\d/.test(line)).map(line =>
    line.split('|').slice(1, -1).map(cell => cell.trim()))
}

export { inline }
