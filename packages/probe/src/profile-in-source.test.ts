import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { heapInSource, profileInSource } from './profile-in-source.ts'

let folder: string
let file: string
let plain: string

/** `one` on line 5 and `two` on line 9 of what was written, both on the only line of what runs; then a line that was line 12. */
const source = '\n\n\n\nfunction one() {\n}\n\n\nfunction two() {\n}\n\nexports.third = 3\n'
const generated = 'function one(){}function two(){}\nexports.third=3\n'
// Columns 0 and 16 of the first line, and the second line: mapped to lines 5, 9 and 12.
const mappings = 'AAIA,gBAIA;AAGA'

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'whetstone-profile-')))
  file = join(folder, 'service.ts')
  plain = join(folder, 'plain.cjs')
  process.setSourceMapsEnabled(true)
  const load = createRequire(import.meta.url)
  for (const [name, from] of [
    ['service.cjs', file],
    ['bundle.cjs', 'webpack://shop/service.ts'],
  ]) {
    const map = { version: 3, sources: [from], sourcesContent: [source], names: [], mappings }
    const inline = Buffer.from(JSON.stringify(map)).toString('base64')
    const transpiled = join(folder, name!)
    writeFileSync(transpiled, `${generated}//# sourceMappingURL=data:application/json;base64,${inline}`)
    load(transpiled)
  }
  const tsc = { version: 3, sources: [file], sourcesContent: [source], names: [], mappings: 'AAIA;IACA;;AACA' }
  const comment = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(tsc)).toString('base64')}`
  const indented = join(folder, 'indented.cjs')
  writeFileSync(indented, `function one() {\n    void 0\n//\n}\n${comment}`)
  load(indented)
  writeFileSync(plain, generated)
  load(plain)
})
afterAll(() => {
  process.setSourceMapsEnabled(false)
  rmSync(folder, { recursive: true })
})

const urlOf = (name: string) => pathToFileURL(join(folder, name)).href
const node = (url: string, lineNumber: number, columnNumber: number, lines: readonly number[] = []) => ({
  callFrame: { url, lineNumber, columnNumber },
  positionTicks: lines.map(line => ({ line, ticks: 1 })),
})

describe('a profile of transpiled code', () => {
  test('names the lines of its author, also of functions that were put on one line', () => {
    const { nodes } = profileInSource({
      nodes: [node(urlOf('service.cjs'), 0, 12), node(urlOf('service.cjs'), 0, 28)],
    })
    expect(nodes.map(({ callFrame }) => [callFrame.url, callFrame.lineNumber])).toEqual([
      [pathToFileURL(file).href, 4],
      [pathToFileURL(file).href, 8],
    ])
  })

  test('counts ticks on the line of the function where they share it, and else on their own', () => {
    const { nodes } = profileInSource({ nodes: [node(urlOf('service.cjs'), 0, 28, [1, 2])] })
    expect(nodes[0]!.positionTicks!.map(({ line }) => line)).toEqual([9, 12])
  })

  test('of the heap is a tree, and keeps its sizes', () => {
    const leaf = { ...node(urlOf('service.cjs'), 0, 28), selfSize: 64 }
    const root = { callFrame: { url: '', lineNumber: -1, columnNumber: -1 }, selfSize: 0, children: [leaf] }
    const callFrame = { url: pathToFileURL(file).href, lineNumber: 8, columnNumber: 0 }
    expect(heapInSource(root)).toEqual({ ...root, children: [{ ...leaf, callFrame }] })
  })

  test('takes an indented line for its own, and one that nobody wrote for that of the function', () => {
    const { nodes } = profileInSource({ nodes: [node(urlOf('indented.cjs'), 0, 0, [2, 3])] })
    expect(nodes[0]!.positionTicks!.map(({ line }) => line)).toEqual([6, 5])
  })

  test('stays as it is where nothing was transpiled, where the source is no file, within Node, and outside of all files', () => {
    const nodes = [
      node(urlOf('plain.cjs'), 0, 12, [1]),
      node(urlOf('bundle.cjs'), 0, 12),
      node('node:events', 4, 2, [5]),
      node('', 0, 0),
    ]
    expect(profileInSource({ nodes }).nodes).toEqual(nodes)
  })
})
