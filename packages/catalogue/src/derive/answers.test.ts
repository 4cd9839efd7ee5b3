import { describe, expect, it } from 'vitest'
import { httpProbe, httpProbesOf } from './testing/evidence.ts'
import { readAnswer } from './answers.ts'

const itemsOf = (...answers: Parameters<typeof httpProbe>[1][]) =>
  readAnswer('GET /orders', httpProbesOf(...answers.map(answer => httpProbe('GET /orders', answer))), undefined).items

describe('the items of an answer', () => {
  it('are those of its longest list', () => {
    expect(itemsOf({ json: { kind: 'array', items: 20, keys: ['id'] } })).toBe(20)
  })

  it('include the rows that are nested in them, so that a join is not taken for rows thrown away', () => {
    expect(itemsOf({ json: { kind: 'array', items: 20, objects: 2_020, keys: ['id', 'lines'] } })).toBe(2_020)
  })

  it('are unknown where an answer is no list', () => {
    expect(itemsOf({ json: { kind: 'object', keys: ['id'] } }, {})).toBeUndefined()
  })
})
