/** What keeps the data layer loadable with the oldest node-postgres it promises: before version 8.15 that is CommonJS, without names to import. */
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

test('pg is imported as a whole, and by name only where nothing but its types is meant', async () => {
  const folder = new URL('../src/', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter(
    file => /(?<!\.test)\.ts$/.test(file) && !file.includes('testing/'),
  )
  const imports = await Promise.all(
    files.map(async file => {
      const code = await readFile(new URL(file, folder), 'utf8')
      return Array.from(code.matchAll(/^(import (?!type ).*) from 'pg'$/gm), ([, what]) => what!)
    }),
  )
  expect([...new Set(imports.flat())]).toEqual(['import pg'])
})
