import { AsyncLocalStorage } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Context, type Ctx } from '../context.ts'
import { withRequestScope } from '../request-scope.ts'
import { batched } from './batched.ts'
import type { BatchLoaded } from './collector.ts'
import { identityOf } from './identity.ts'

interface User {
  readonly id: number
  readonly name: string
}

const userOf = (id: number): User => ({ id, name: `user ${id}` })

/** A loader that keeps the keys of each of its loads. */
function recorded<Key, Row>(load: (keys: readonly Key[], ctx: Ctx) => Promise<Row> | Row) {
  const loads: (readonly Key[])[] = []
  return {
    loads,
    load: (keys: readonly Key[], ctx: Ctx) => {
      loads.push(keys)
      return load(keys, ctx)
    },
  }
}

/** A loader whose loads end when the test says so. */
function gated() {
  const calls: { keys: readonly number[]; ctx: Ctx; answer(): void; fail(error: Error): void }[] = []
  const load = (keys: readonly number[], ctx: Ctx) =>
    new Promise<User[]>((resolve, reject) => {
      calls.push({ keys, ctx, answer: () => resolve(keys.map(userOf)), fail: reject })
    })
  return { calls, load }
}

const tick = () => new Promise<void>(resolve => setImmediate(resolve))
const code = (promise: Promise<unknown>) => promise.then(String, (error: { code?: string }) => error.code ?? error)

describe('a batch', () => {
  test('loads what is asked for in one tick once, each key once', async () => {
    const { loads, load } = recorded((ids: readonly number[]) => ids.map(userOf).toReversed())
    const userById = batched(load, { by: user => user.id })
    const late = Promise.resolve()
      .then(() => undefined)
      .then(() => userById(3))
    expect(await Promise.all([userById(2), userById(1), userById(2), late])).toEqual([2, 1, 2, 3].map(userOf))
    expect(loads).toEqual([[2, 1, 3]])
    expect(userById.stats()).toEqual({ loads: 1, keys: 3, failedLoads: 0 })
  })

  test('remembers nothing: the next tick loads again', async () => {
    const { loads, load } = recorded((ids: readonly number[]) => ids.map(userOf))
    const userById = batched(load)
    await userById(1)
    await userById(1)
    expect(loads).toEqual([[1], [1]])
  })

  test('of more keys than fit is loaded in parts, so many at once', async () => {
    let [now, most] = [0, 0]
    const { loads, load } = recorded(async (ids: readonly number[]) => {
      most = Math.max(most, ++now)
      await tick()
      now--
      return ids.map(userOf)
    })
    const userById = batched(load, { by: user => user.id, max: 3, concurrency: 2 })
    const ids = Array.from({ length: 14 }, (_, id) => id)
    expect(await Promise.all(ids.map(id => userById(id)))).toEqual(ids.map(userOf))
    expect([loads.map(keys => keys.length), most]).toEqual([[3, 3, 3, 3, 2], 2])
  })

  test('collects on while all loads are under way', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id, concurrency: 1 })
    const answers = [userById(1)]
    await tick()
    answers.push(userById(2))
    await tick()
    answers.push(userById(3))
    await tick()
    expect(calls.map(call => call.keys)).toEqual([[1]])
    calls[0]!.answer()
    await answers[0]
    await tick()
    expect(calls.map(call => call.keys)).toEqual([[1], [2, 3]])
    calls[1]!.answer()
    expect(await Promise.all(answers)).toEqual([1, 2, 3].map(userOf))
  })

  test('refuses a key when too many wait', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id, maxQueued: 2 })
    const answers = [userById(1), userById(2), userById(1), userById(3)].map(code)
    await tick()
    calls[0]!.answer()
    expect(await Promise.all(answers)).toEqual([
      ...Array.from({ length: 3 }, () => '[object Object]'),
      'FAULT_BATCH_FULL',
    ])
  })

  test('held open by a window takes in what comes after the tick', async () => {
    const { loads, load } = recorded((ids: readonly number[]) => ids.map(userOf))
    const userById = batched(load, { window: { maxMs: 1_000 } })
    // Batches close to one another open the window; a slow machine only takes more of them.
    for (let id = 0; id < 10_000 && loads.every(keys => keys.length === 1); id += 2) {
      const first = userById(id)
      await tick()
      await Promise.all([first, userById(id + 1)])
    }
    expect(loads.at(-1)).toHaveLength(2)
  })
})

describe('the rows of a batch', () => {
  test('go to the keys they name, lists of them with many', async () => {
    const orders = [
      { user: 2, id: 'b' },
      { user: 1, id: 'a' },
      { user: 2, id: 'c' },
    ]
    const ordersOf = batched((_ids: readonly number[]) => orders, { by: order => order.user, many: true })
    expect(await Promise.all([1, 2, 3].map(id => ordersOf(id)))).toEqual([[orders[1]], [orders[0], orders[2]], []])
  })

  test('find a number by its text, as node-postgres reads bigint', async () => {
    const rows = [{ id: '7' }, { id: '9007199254740993' }]
    const byId = batched<number | bigint | string, { id: string }>(() => rows, { by: row => row.id })
    expect(await Promise.all([byId(7), byId(9007199254740993n)])).toEqual(rows)
  })

  test('find keys of several parts, in whatever order these are written', async () => {
    interface Key {
      readonly tenant: string
      readonly day: Date
    }
    const { loads, load } = recorded((keys: readonly Key[]) => keys.map(key => ({ key, total: key.tenant.length })))
    const total = batched(load, { by: row => row.key })
    const day = () => new Date('2026-01-01')
    const answers = await Promise.all([
      total({ tenant: 'ab', day: day() }),
      total({ day: day(), tenant: 'ab' }),
      total({ tenant: 'abc', day: day() }),
    ])
    expect([answers.map(row => row?.total), loads[0]?.length]).toEqual([[2, 2, 3], 2])
  })

  test('that are missing are undefined, null or a fault, as chosen', async () => {
    const load = (): User[] => []
    const by = (user: User) => user.id
    expect(await batched(load, { by })(1)).toBeUndefined()
    expect(await batched(load, { by, missing: 'null' })(1)).toBeNull()
    await expect(batched(load, { by, missing: 'fault', name: 'users' })(1)).rejects.toMatchObject({
      code: 'FAULT_MISSING',
      message: 'users has no row for 1',
      retryable: false,
    })
    expect(await batched(async (ids: readonly number[]) => ids.map(() => null))(1)).toBeUndefined()
  })

  test('may be an error for one key and rows for the others', async () => {
    const broken = new Error('no such shard')
    const inOrder = batched((ids: readonly number[]) => ids.map(id => (id === 2 ? broken : userOf(id))))
    const mapped = batched<number, User>(
      () =>
        new Map<number, User | Error>([
          [2, broken],
          [1, userOf(1)],
        ]),
    )
    for (const load of [inOrder, mapped])
      expect(await Promise.allSettled([load(1), load(2)])).toEqual([
        { status: 'fulfilled', value: userOf(1) },
        { status: 'rejected', reason: broken },
      ])
  })

  test('are refused when nobody can say whose they are', async () => {
    const short = batched((ids: readonly number[]) => ids.slice(1).map(userOf))
    const strange = batched((ids: readonly number[]) => ids.map(userOf), { by: user => user.id + 1_000 })
    const nothing = batched<number, User>(() => undefined as never)
    for (const load of [short, strange, nothing])
      expect(await Promise.all([code(load(1)), code(load(2))])).toEqual(['FAULT_BATCH_SHAPE', 'FAULT_BATCH_SHAPE'])
  })

  test('are nobody’s when the loader throws, and everybody is told', async () => {
    const broken = new Error('down')
    const load = batched<number, User>(() => {
      throw broken
    })
    const reasons = await Promise.allSettled([load(1), load(2), load(1)])
    expect(reasons.map(one => one.status === 'rejected' && one.reason === broken)).toEqual([true, true, true])
    expect(load.stats()).toEqual({ loads: 1, keys: 2, failedLoads: 1 })
  })
})

describe('one who waits for a batch', () => {
  test('leaves alone when cancelled, and the others get their answers', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id })
    const [one, two] = [new Context(), new Context()]
    const answers = [userById(1, one), userById(1, two), userById(2)]
    await tick()
    one.cancel('enough')
    await expect(answers[0]).rejects.toBe('enough')
    expect(calls[0]!.ctx.cancelled).toBe(false)
    calls[0]!.answer()
    expect(await Promise.all(answers.slice(1))).toEqual([userOf(1), userOf(2)])
  })

  test('and is the last one cancels the load', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id })
    const contexts = [new Context(), new Context(), new Context()]
    const answers = [1, 1, 2].map((id, at) => code(userById(id, contexts[at])))
    await tick()
    contexts[0]!.cancel('a')
    contexts[2]!.cancel('b')
    expect(calls[0]!.ctx.cancelled).toBe(false)
    contexts[1]!.cancel('c')
    expect([calls[0]!.ctx.cancelled, calls[0]!.ctx.reason]).toEqual([true, 'c'])
    expect(await Promise.all(answers)).toEqual(['a', 'c', 'b'])
    calls[0]!.fail(new Error('cancelled'))
  })

  test('and leaves before the load began takes its key along', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id })
    const [gone, late] = [new Context(), new Context()]
    late.cancel('was gone before')
    const answers = [code(userById(1, gone)), code(userById(3, late)), code(userById(2))]
    gone.cancel('gone')
    await tick()
    expect(calls.map(call => call.keys)).toEqual([[2]])
    calls[0]!.answer()
    expect(await Promise.all(answers)).toEqual(['gone', 'was gone before', '[object Object]'])
  })

  test('is refused when its deadline passes, whatever the loader does', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id })
    const nowMs = performance.now()
    const [brief, longer] = [new Context(nowMs + 250), new Context(nowMs + 60_000)]
    const answers = [userById(1, brief), userById(1, longer)]
    await expect(answers[0]).rejects.toMatchObject({ code: 'FAULT_DEADLINE', retryable: false })
    expect([calls[0]!.ctx.cancelled, calls[0]!.ctx.deadlineMs]).toEqual([false, longer.deadlineMs])
    calls[0]!.answer()
    expect(await answers[1]).toEqual(userOf(1))
  })

  test('with a deadline that has passed is refused at once, and nothing is loaded', async () => {
    const { calls, load } = gated()
    const userById = batched(load, { by: user => user.id })
    await expect(userById(1, new Context(performance.now() - 1))).rejects.toMatchObject({
      code: 'FAULT_DEADLINE',
      retryable: true,
    })
    await tick()
    expect(calls).toEqual([])
  })
})

describe('the scope of a batch', () => {
  test('is the request: two side by side never share a load', async () => {
    const { loads, load } = recorded((ids: readonly number[]) => ids.map(userOf))
    const userById = batched(load, { by: user => user.id })
    await Promise.all([
      withRequestScope(() => Promise.all([userById(1), userById(2)])),
      withRequestScope(() => userById(1)),
      Promise.all([userById(4), userById(5)]),
    ])
    expect(loads.map(keys => keys.join())).toEqual(['1,2', '1', '4,5'])
  })

  test('is everybody when shared, and the load carries nobody’s context', async () => {
    const who = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const { loads, load } = recorded((ids: readonly number[]) => {
      seen.push(who.getStore())
      return ids.map(userOf)
    })
    const userById = batched(load, { by: user => user.id, scope: 'shared' })
    const asked = (name: string, id: number) =>
      who.run(name, () =>
        withRequestScope(async () => {
          await userById(id)
          return who.getStore()
        }),
      )
    expect(await Promise.all([asked('a', 1), asked('b', 2)])).toEqual(['a', 'b'])
    expect([loads, seen]).toEqual([[[1, 2]], [undefined]])
  })
})

test('a batch tells subscribers of its channel about each load', async () => {
  const heard: BatchLoaded[] = []
  const listen = (message: unknown) => void heard.push(message as BatchLoaded)
  diagnostics.subscribe('whetstone:batch', listen)
  const usersById = batched(async (ids: readonly number[]) => ids.map(userOf), { name: 'users' })
  await Promise.all([usersById(1), usersById(2)])
  await tick()
  diagnostics.unsubscribe('whetstone:batch', listen)
  expect(heard).toEqual([{ name: 'users', keys: 2, durationMs: expect.any(Number), windowMs: 0 }])
})

test('whatever is asked, in whatever ticks, with whoever leaves: each answer is that of its key, and no load is too large', async () => {
  const call = fc.record({ id: fc.nat(12), ticks: fc.nat(3), leaves: fc.boolean(), fails: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), async (calls, max) => {
      const { loads, load } = recorded(async (ids: readonly number[]) => {
        await tick()
        return new Map(ids.map(id => [id, id % 5 === 4 ? new Error(`no ${id}`) : userOf(id)]))
      })
      const userById = batched<number, User>(load, { max, concurrency: 2 })
      const ends = calls.map(async ({ id, ticks, leaves }) => {
        for (let at = 0; at < ticks; at++) await tick()
        const ctx = leaves ? new Context() : undefined
        const answer = userById(id, ctx).then(
          user => user?.id,
          (error: unknown) => (error instanceof Error ? error.message : error),
        )
        if (ctx) ctx.cancel('left')
        return [id, leaves, await answer] as const
      })
      for (const [id, leaves, answer] of await Promise.all(ends))
        expect(answer).toBe(leaves ? 'left' : id % 5 === 4 ? `no ${id}` : id)
      for (const keys of loads) {
        expect(keys.length <= max).toBe(true)
        expect(new Set(keys).size).toBe(keys.length)
      }
    }),
    { numRuns: 50 },
  )
})

describe('the identity of a key', () => {
  test('is its value, and never that of another kind', () => {
    const keys = [
      1,
      '1',
      true,
      [1],
      ['1'],
      { a: 1 },
      { a: '1' },
      { a: undefined },
      {},
      new Date(1),
      new Uint8Array([1]),
    ]
    expect(new Set(keys.map(identityOf)).size).toBe(keys.length)
    expect(identityOf({ a: 1, b: [2, { c: 3n, d: null }] })).toBe(identityOf({ b: [2, { d: null, c: 3n }], a: 1 }))
  })

  test('is refused for what cannot be a key', async () => {
    const load = batched((keys: readonly unknown[]) => keys)
    await expect(load(undefined)).rejects.toThrow('undefined cannot be a key of a batch')
    await expect(load(null)).rejects.toMatchObject({ code: 'FAULT_BATCH_KEY' })
  })
})
