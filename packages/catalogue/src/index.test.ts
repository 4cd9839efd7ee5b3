import { describe, expect, it } from 'vitest'
import { practiceById, practices, roadmap, roadmapRow } from './index.ts'

describe('the roadmap', () => {
  it('has 165 rows, 134 of them named by the roadmap', () => {
    expect(roadmap).toHaveLength(165)
    expect(roadmap.filter(row => row.kind === 'roadmap')).toHaveLength(134)
    expect(new Set(roadmap.map(row => row.id)).size).toBe(165)
  })

  it('names only existing rows as owners of a shared detector', () => {
    for (const { sharesDetectorWith } of roadmap) {
      if (sharesDetectorWith !== undefined) expect(roadmapRow(sharesDetectorWith), sharesDetectorWith).toBeDefined()
    }
  })
})

describe('the practices', () => {
  it('stand in the order of the roadmap, each once, in its chapter', () => {
    const order = new Map(roadmap.map((row, at) => [row.id, at]))
    const places = practices.map(practice => order.get(practice.id))
    expect(places).not.toContain(undefined)
    expect(places).toEqual([...new Set(places)].toSorted((a, b) => (a ?? 0) - (b ?? 0)))
    for (const { id, chapter } of practices) expect(roadmapRow(id)?.chapter).toBe(chapter)
  })

  it('say why, when not to, and where each figure comes from', () => {
    for (const practice of practices) {
      expect(practice.why.length, practice.id).toBeGreaterThan(40)
      expect(practice.unless.length, practice.id).toBeGreaterThan(0)
      expect(practice.sources.length, practice.id).toBeGreaterThan(0)
      for (const [name, { source }] of Object.entries(practice.thresholds)) {
        expect(source.length, `${practice.id}.${name}`).toBeGreaterThan(5)
      }
    }
  })

  it('are found by id', () => {
    for (const practice of practices) expect(practiceById(practice.id)).toBe(practice)
    expect(practiceById('no-such-practice')).toBeUndefined()
  })
})
