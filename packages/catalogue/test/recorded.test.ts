/** Every detector that was recorded at work is given the same evidence again, and must say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mostRecordedBytes, type Recording, rowOf, titlesOf } from '../../../experiments/record.ts'
import { practiceById } from '../src/index.ts'

const folder = new URL('recorded/', import.meta.url)
/** `database/n-plus-one`; what lies outside of a chapter is a whole service, and has tests of its own. */
const ids = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(path => /^[a-z]+\/[a-z0-9-]+\.json$/.test(path))
  .map(path => path.slice(0, -'.json'.length))
  .toSorted()

describe('the recording', () => {
  it.each(ids)('of %s is found again', id => {
    const text = readFileSync(new URL(`${id}.json`, folder), 'utf8')
    const { practice: name, recordedFrom, evidence, findings, row } = JSON.parse(text) as Recording
    const practice = practiceById(name)!
    expect(`${practice.chapter}/${practice.id}`).toBe(id)
    expect(titlesOf(evidence, practice)).toEqual(findings)
    if (findings.length === 0) expect(row?.text).toMatch(/./)
    if (row) expect(rowOf(evidence, practice)).toEqual(row)
    expect([...practice.needs, ...(practice.optional ?? [])]).toEqual(expect.arrayContaining(Object.keys(evidence)))
    expect(recordedFrom).not.toBe('')
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(mostRecordedBytes)
  })
})
