import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapSite } from './source-map.ts'

let folder: string
// One mapping: line 1, column 0 of the output is line 5, column 0 of the source.
const built = (name: string) => {
  writeFileSync(join(folder, `${name}.js`), `run()\n//# sourceMappingURL=${name}.js.map\n`)
  writeFileSync(
    join(folder, `${name}.js.map`),
    JSON.stringify({ version: 3, sources: [`${name}.ts`], names: [], mappings: 'AAIA' }),
  )
  return { file: join(folder, `${name}.js`), line: 1, column: 1 }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-map-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a place in build output', () => {
  it('is told as the place in the source it was built from', () => {
    writeFileSync(join(folder, 'kept.ts'), '\n\n\n\nrun()\n')
    expect(mapSite([built('kept')])).toEqual([{ file: join(folder, 'kept.ts'), line: 5, column: 1 }])
  })

  it('stays as it is where the source was not shipped, because nobody could open it', () => {
    const place = built('left-out')
    expect(mapSite([place])).toEqual([place])
  })
})
