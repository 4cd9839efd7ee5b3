import { describe, expect, it } from 'vitest'
import { cleanReport, diagnosedReport } from '../../test/fixtures/reports.ts'
import { neighbourOf } from './flame-move.ts'
import { flameOf, framesInView } from './flame.ts'

const { frames, samples } = flameOf(diagnosedReport())!
const named = (label: string) => frames.find(frame => frame.label === label)!

describe('the flame graph', () => {
  it('is as wide as the busy samples, without the idle ones', () => {
    expect(samples).toBe(9960)
    expect(frames[0]).toMatchObject({ label: 'all', left: 0, width: 1, depth: 0 })
    expect(frames.some(frame => frame.label === '(idle)')).toBe(false)
  })

  it('keeps children inside their caller, side by side', () => {
    for (const frame of frames.slice(1)) {
      const parent = frames.find(candidate => candidate.id === frame.parentId)!
      expect(frame.depth).toBe(parent.depth + 1)
      expect(frame.left).toBeGreaterThanOrEqual(parent.left - 1e-9)
      expect(frame.left + frame.width).toBeLessThanOrEqual(parent.left + parent.width + 1e-9)
    }
  })

  it('marks the functions a finding names, also by their last name', () => {
    expect(named('items').owner).toBe('named')
    expect(named('listOrders').owner).toBe('named')
    expect(named('mapRow').owner).toBe('application')
    expect(named('query').owner).toBe('dependency')
  })

  it('is as deep as its wide frames; zooming shows the narrow ones below', () => {
    const root = { ...frames[0]!, id: 1, depth: 0 }
    const tower = Array.from({ length: 40 }, (_, at) => ({ ...root, id: at + 2, depth: at + 1, width: 0.002 }))
    const wide = { ...root, id: 90, depth: 1, left: 0.002, width: 0.9 }
    const depthOf = (zoom: typeof root) =>
      Math.max(...framesInView([root, ...tower, wide], zoom).map(({ depth }) => depth))
    expect([depthOf(root), depthOf(tower[0]!)]).toEqual([1, 40])
  })

  it('moves by arrows to caller, widest callee and neighbours', () => {
    const from = named('listOrders')
    expect(neighbourOf(from, 'ArrowUp', frames)?.label).toBe('handle')
    expect(neighbourOf(from, 'ArrowDown', frames)?.label).toBe('items')
    expect(neighbourOf(from, 'ArrowRight', frames)?.label).toBe('serialize')
    expect(neighbourOf(from, 'ArrowLeft', frames)).toBeUndefined()
    expect(neighbourOf(from, 'a', frames)).toBeUndefined()
  })

  it('is absent without samples', () => {
    expect(flameOf(cleanReport())).toBeUndefined()
  })
})
