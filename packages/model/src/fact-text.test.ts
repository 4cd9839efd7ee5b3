import { expect, test } from 'vitest'
import { factText } from './fact-text.ts'
import type { Unit } from './units.ts'

test.each<[string, number, Unit, string]>([
  ['slowest', 46.6, 'ms', 'slowest 47 ms'],
  ['largest answer', 1_174_000, 'bytes', 'largest answer 1.2 MB'],
  ['share of the request', 0.82, 'fraction', 'share of the request 82 %'],
  ['most', 1, 'rows', 'most 1 row'],
  ['deepest offset seen', 400, 'rows', 'deepest offset seen 400 rows'],
  ['rows per call', 2_500, 'rows', 'rows per call 2,500'],
  ['plan cost', 5_534, 'cost', 'plan cost 5,534'],
  ['before', 5_534, 'cost', 'before cost 5,534'],
  ['repeats', 3, 'count', 'repeats 3'],
])('%s, %d %s', (label, value, unit, text) => expect(factText({ label, quantity: { value, unit } })).toBe(text))
