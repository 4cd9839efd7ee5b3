import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Site } from '@whetstone/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectSource } from './source.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'source-'))
  await mkdir(path.join(root, 'src'))
  await writeFile(
    path.join(root, 'package.json'),
    JSON.stringify({ name: 'orders', dependencies: { pg: '8.23.1', odd: 3 } }),
  )
  await writeFile(path.join(root, 'src/a.js'), Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join('\r\n'))
  await writeFile(path.join(root, 'src/min.js'), 'x'.repeat(10_000))
})
afterAll(() => rm(root, { recursive: true }))

const at = (file: string, line: number): Site => [{ file, line, column: 1 }]

describe('collectSource', () => {
  test('keeps four lines on either side of a named line, and the manifest', async () => {
    const evidence = await collectSource({ root, sites: [at('src/a.js', 10), at('src/a.js', 10), at('src/a.js', 2)] })
    expect(evidence).toEqual({
      schema: 'source@1',
      root,
      packageName: 'orders',
      dependencies: { pg: '8.23.1' },
      excerpts: {
        'src/a.js:10': {
          file: 'src/a.js',
          firstLine: 6,
          line: 10,
          lines: ['line 6', 'line 7', 'line 8', 'line 9', 'line 10', 'line 11', 'line 12', 'line 13', 'line 14'],
        },
        'src/a.js:2': {
          file: 'src/a.js',
          firstLine: 1,
          line: 2,
          lines: ['line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'line 6'],
        },
      },
    })
  })

  test('takes absolute paths and file URLs', async () => {
    const file = path.join(root, 'src/a.js')
    const evidence = await collectSource({ root, sites: [at(file, 1), at(`file://${file}`, 1)] })
    expect(Object.keys(evidence.excerpts)).toEqual([`${file}:1`, `file://${file}:1`])
  })

  test('leaves out what is not there, and cuts minified lines', async () => {
    const evidence = await collectSource({
      root,
      sites: [at('src/gone.js', 1), at('src/a.js', 99), at('src/min.js', 1)],
    })
    expect(Object.keys(evidence.excerpts)).toEqual(['src/min.js:1'])
    expect(evidence.excerpts['src/min.js:1']!.lines[0]!.length).toBeLessThan(250)
  })

  test('a folder that is no project gives empty evidence', async () => {
    expect(await collectSource({ root: path.join(root, 'none'), sites: [] })).toEqual({
      schema: 'source@1',
      root: path.join(root, 'none'),
      dependencies: {},
      excerpts: {},
    })
  })

  test('never keeps more excerpts than its bound', async () => {
    const sites = [1, 2, 3, 4].map(line => at('src/a.js', line))
    expect(Object.keys((await collectSource({ root, sites, maxExcerpts: 2 })).excerpts)).toHaveLength(2)
  })
})
