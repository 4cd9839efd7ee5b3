/** Paths into JSON, read by parsing and by scanning: both must always say the same. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANY, parseJsonPath, valueAtPath } from './json-path.ts'
import { scanJson, scanSteps, UNSURE } from './json-scan.ts'

describe('parseJsonPath', () => {
  it.each([
    ['$', []],
    ['$.a.b-c', ['a', 'b-c']],
    ['$[0].id', [0, 'id']],
    ['$.list[-1]', ['list', -1]],
    [`$['odd name']["it's"]`, ['odd name', "it's"]],
    [String.raw`$['it\'s']`, ["it's"]],
    ['$.items[*].id', ['items', ANY, 'id']],
  ])('reads %s', (text, path) => {
    expect(parseJsonPath(text)).toEqual(path)
  })

  it.each(['', 'a', '$a', '$.', '$..a', '$.a[', '$[?(@.a)]', '$[0:2]', '$.*', '$[*][*]', '$.a b'])(
    'refuses %s',
    text => {
      expect(parseJsonPath(text)).toBeUndefined()
    },
  )
})

describe('valueAtPath', () => {
  it('takes nothing that is not in the document', () => {
    expect(valueAtPath({ a: 1 }, ['toString'], 0)).toBeUndefined()
    expect(valueAtPath([1], ['length'], 0)).toBeUndefined()
    expect(valueAtPath({ 0: 'a' }, [0], 0)).toBeUndefined()
    expect(valueAtPath(null, ['a'], 0)).toBeUndefined()
    expect(valueAtPath([], [ANY], 0.5)).toBeUndefined()
  })

  it('reaches every element of a list by the draw, and from its end', () => {
    expect([0, 0.34, 0.99].map(draw => valueAtPath(['a', 'b', 'c'], [ANY], draw))).toEqual(['a', 'b', 'c'])
    expect(valueAtPath(['a', 'b'], [-1], 0)).toBe('b')
  })
})

describe('scanJson', () => {
  const scan = (text: string, ...path: (string | number)[]) => scanJson(Buffer.from(text), scanSteps(path)!)

  it('reads every kind of value without parsing the rest', () => {
    const text = ' {"skip":[{"a":"}]\\""},[]] , "é":{"x":[1.5e3,true,null,"\\u00e9",{"y":"z"}]}, "broken": '
    expect([0, 1, 2, 3, 4].map(index => scan(text, 'é', 'x', index))).toEqual([1500, true, null, 'é', { y: 'z' }])
    expect(scan(text, 'é', 'x', 5)).toBeUndefined()
    expect(scan(text, 'é', 'x', 0, 'no')).toBeUndefined()
    expect(scan(text, 'é', 'none')).toBeUndefined()
    expect(scan('[]', 0)).toBeUndefined()
    expect(scan('{}', 'a')).toBeUndefined()
  })

  it.each(['', '[', '{"a"', '{"a":', '{"a":"b', '{"a":[1,2', '{"\\u0061":1}', '{"a":tru}', '<html>'])(
    'is unsure of %s',
    text => {
      expect([UNSURE, undefined]).toContain(scan(text, 'a'))
      expect(scan(text, 'a')).not.toBe(1)
    },
  )

  it('says what parsing says, for every place of any document', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom(0, 1, '\t'),
        fc.infiniteStream(fc.nat()),
        (value, space, picks) => {
          const text = JSON.stringify(value, null, space)
          const path: (string | number)[] = []
          let here: unknown = JSON.parse(text)
          for (const pick of picks) {
            expect(parsedOrScanned(text, path)).toEqual(here)
            const keys = typeof here === 'object' && here !== null ? Object.keys(here) : []
            if (keys.length === 0) break
            const key = keys[pick % keys.length]!
            path.push(Array.isArray(here) ? Number(key) : key)
            here = (here as Record<string, unknown>)[key]
          }
          expect(parsedOrScanned(text, [...path, 'not there'])).toBeUndefined()
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('never throws and never reads past the end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(['a'], [0], [0, 'a'], []), (bytes, path) => {
        scanJson(Buffer.from(bytes), scanSteps(path)!)
        const text = `{"a":[${Buffer.from(bytes).toString('latin1')}`
        scanJson(Buffer.from(text, 'latin1'), scanSteps(['a', 1])!)
      }),
      { numRuns: 10_000 },
    )
  })
})

/** As scenarios read: by scanning, and by parsing where that is unsure. */
function parsedOrScanned(text: string, path: readonly (string | number)[]): unknown {
  const scanned = scanJson(Buffer.from(text), scanSteps(path)!)
  return scanned === UNSURE ? valueAtPath(JSON.parse(text), path, 0) : scanned
}
