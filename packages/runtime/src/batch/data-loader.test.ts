import Reference from 'dataloader'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withRequestScope } from '../request-scope.ts'
import { DataLoader } from './data-loader.ts'

const tick = () => new Promise<void>(resolve => setImmediate(resolve))

/** Key 13 breaks its whole batch, every fifth key alone. */
async function answers(keys: readonly number[]): Promise<(string | Error)[]> {
  await tick()
  if (keys.includes(13)) throw new Error(`no batch of ${keys.join()}`)
  return keys.map(key => (key % 5 === 4 ? new Error(`no ${key}`) : `value ${key}`))
}

const key = fc.integer({ min: 0, max: 14 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('load' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('loadMany' as const), keys: fc.array(key, { maxLength: 5 }) }),
  },
  fc.record({ kind: fc.constant('clear' as const), key }),
  fc.record({ kind: fc.constant('clearAll' as const) }),
  fc.record({ kind: fc.constant('prime' as const), key, fails: fc.boolean() }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tick' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function story(Loader: typeof Reference | typeof DataLoader, options: object, steps: readonly Step[]) {
  const loads: (readonly number[])[] = []
  const loader = new Loader<number, string>(keys => {
    loads.push([...keys])
    return answers(keys)
  }, options)
  const ends: Promise<unknown>[] = []
  const order: number[] = []
  const follow = (promise: Promise<unknown>) => {
    const at = ends.length
    const told = promise.then(
      value => ({ value: String(value) }),
      (error: Error) => ({ error: error.message }),
    )
    ends.push(told.finally(() => order.push(at)))
  }
  for (const one of steps) {
    switch (one.kind) {
      case 'load':
        follow(loader.load(one.key))
        break
      case 'loadMany':
        follow(loader.loadMany(one.keys))
        break
      case 'clear':
        loader.clear(one.key)
        break
      case 'clearAll':
        loader.clearAll()
        break
      case 'prime':
        loader.prime(one.key, one.fails ? new Error(`primed ${one.key}`) : `primed ${one.key}`)
        break
      case 'tick':
        await tick()
    }
  }
  const told = await Promise.all(ends)
  return { loads, told, order }
}

describe('the DataLoader of the runtime', () => {
  test('does what that of the package does, load for load and answer for answer', async () => {
    const options = fc.record(
      { cache: fc.boolean(), batch: fc.boolean(), maxBatchSize: fc.integer({ min: 1, max: 6 }) },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (given, steps) => {
        expect(await story(DataLoader, given, steps)).toEqual(await story(Reference, given, steps))
      }),
      { numRuns: 200 },
    )
  })

  test('takes the same keys, caches and schedules', async () => {
    for (const Loader of [Reference, DataLoader]) {
      const cacheMap = new Map<string, Promise<string>>()
      let run: () => void = () => undefined
      const loader = new Loader<{ id: number }, string, string>(async keys => keys.map(({ id }) => `value ${id}`), {
        cacheMap,
        cacheKeyFn: ({ id }) => `key ${id}`,
        batchScheduleFn: callback => (run = callback),
        name: 'people',
      })
      const both = Promise.all([loader.load({ id: 1 }), loader.load({ id: 1 })])
      expect([...cacheMap.keys()]).toEqual(['key 1'])
      run()
      expect([await both, loader.name]).toEqual([['value 1', 'value 1'], 'people'])
      expect(() => loader.load(null as never)).toThrow(TypeError)
      expect(() => new Loader(async keys => [...keys], { maxBatchSize: 0 })).toThrow(TypeError)
      await expect(new Loader<number, string>(async () => []).load(1)).rejects.toThrow('keys')
    }
  })

  test('keeps a cache for each request, and one for what is outside any', async () => {
    const loads: (readonly number[])[] = []
    const loader = new DataLoader<number, string>(keys => {
      loads.push([...keys])
      return answers(keys)
    })
    const request = () =>
      withRequestScope(async () => {
        await loader.load(1)
        await loader.load(1)
        loader.prime(2, 'primed')
        return loader.load(2)
      })
    expect(await Promise.all([request(), request()])).toEqual(['primed', 'primed'])
    expect(await loader.load(2)).toBe('value 2')
    expect(loads).toEqual([[1], [1], [2]])
  })
})
