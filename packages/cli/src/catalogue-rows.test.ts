import { existsSync, readdirSync } from 'node:fs'
import { practices } from '@whetstone/catalogue'
import { describe, expect, it } from 'vitest'
import { catalogueRows } from './catalogue-rows.ts'

const recorded = new URL('../../catalogue/test/recorded/', import.meta.url)
const rows = catalogueRows()

describe('the rows of the catalogue', () => {
  it('call a detector built only where a real run in which it reported is kept', () => {
    const kept = readdirSync(recorded, { recursive: true, encoding: 'utf8' }).filter(path =>
      /^[a-z]+\/[a-z0-9-]+\.json$/.test(path),
    )
    const built = rows.filter(row => row.detector).map(({ chapter, id }) => `${chapter}/${id}.json`)
    expect(built.toSorted()).toEqual(kept.toSorted())
    expect(built).toContain('database/n-plus-one.json')
  })

  it('say so of no practice without a module', () => {
    const modules = new Set(practices.map(({ id }) => id))
    expect(rows.filter(row => row.detector && !modules.has(row.id))).toEqual([])
    expect(rows.filter(row => !modules.has(row.id)).length).toBeGreaterThan(0)
  })

  it('name a page only where it is', () => {
    const pages = new URL('../../../docs/practices/', import.meta.url)
    for (const { chapter, id, page } of rows) expect(existsSync(new URL(`${chapter}/${id}.md`, pages)), id).toBe(page)
  })
})
