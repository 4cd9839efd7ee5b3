import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sessions, type SessionsOptions } from './sessions.ts'
import { clientNames, type Clients, startClients } from './testing/clients.ts'

let clients: Clients
beforeAll(async () => void (clients = await startClients()), 400_000)
afterAll(async () => await clients?.stop())

const secret = 'a secret of at least 32 characters'
const older = 'another secret of 32 characters!!'

describe.each(clientNames)('by %s', name => {
  const sessionsOf = (options: Partial<SessionsOptions> = {}) =>
    new Sessions<{ user?: number; cart?: readonly string[] }>(clients[name], {
      secrets: [secret],
      prefix: `${randomUUID()}:`,
      ...options,
    })

  test('a session comes back until it is destroyed', async () => {
    const sessions = sessionsOf()
    const { id } = await sessions.create({ user: 7 })
    expect(await sessions.get(id)).toEqual({ id, data: { user: 7 }, version: 1 })
    expect(await sessions.touch(id)).toBe(true)
    await sessions.destroy(id)
    expect(await sessions.get(id)).toBeUndefined()
    expect(await sessions.touch(id)).toBe(false)
  })

  test('an id that was changed, made up, or signed by a secret that is no more, is nobody', async () => {
    const prefix = `${randomUUID()}:`
    const sessions = sessionsOf({ prefix, secrets: [older] })
    const { id } = await sessions.create({ user: 7 })
    const flipped = id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A')
    for (const wrong of [flipped, `x${id}`, id.split('.')[0]!, '', '.', 'a.b'])
      expect(await sessions.get(wrong)).toBeUndefined()
    expect(await sessionsOf({ prefix, secrets: [secret, older] }).get(id)).toBeDefined()
    expect(await sessionsOf({ prefix, secrets: [secret] }).get(id)).toBeUndefined()
  })

  test('who reads the store does not learn an id', async () => {
    const prefix = `${randomUUID()}:`
    const { id } = await sessionsOf({ prefix }).create({ user: 7 })
    const keys = await clients.ioredis.keys(`${prefix}*`)
    expect(keys).toHaveLength(1)
    expect(keys[0]).not.toContain(id.split('.')[0])
  })

  test('use prolongs a session, and no use prolongs it beyond its longest life', async () => {
    const prefix = `${randomUUID()}:`
    const sessions = sessionsOf({ prefix, ttlMs: 60_000, longestMs: 100_000 })
    const { id } = await sessions.create({})
    const [key] = await clients.ioredis.keys(`${prefix}*`)
    await clients.ioredis.pexpire(key!, 1_000)
    await sessions.get(id)
    expect(await clients.ioredis.pttl(key!)).toBeGreaterThan(50_000)
    // As if it had been made 99 seconds ago.
    await clients.ioredis.hincrby(key!, 'c', -99_000)
    await sessions.touch(id)
    expect(await clients.ioredis.pttl(key!)).toBeLessThanOrEqual(1_000)
    await clients.ioredis.hincrby(key!, 'c', -99_000)
    expect(await sessions.get(id)).toBeUndefined()
  })

  test('of two requests that change one session the second is told', async () => {
    const sessions = sessionsOf()
    const { id } = await sessions.create({ cart: [] })
    const [mine, theirs] = await Promise.all([sessions.get(id), sessions.get(id)])
    await sessions.save(mine!, { cart: ['book'] })
    await expect(sessions.save(theirs!, { cart: ['pen'] })).rejects.toMatchObject({
      code: 'FAULT_SESSION_CONFLICT',
      retryable: true,
    })
    const add = (thing: string) => sessions.update(id, data => ({ cart: [...(data.cart ?? []), thing] }), 50)
    await Promise.all(['pen', 'cup', 'map', 'hat'].map(add))
    expect((await sessions.get(id))!.data.cart!.toSorted()).toEqual(['book', 'cup', 'hat', 'map', 'pen'])
  })

  test('a request under way does not bring back what was logged out meanwhile', async () => {
    const sessions = sessionsOf()
    const session = await sessions.create({ user: 7 })
    await sessions.destroy(session.id)
    await expect(sessions.save(session, { user: 7 })).rejects.toMatchObject({ code: 'FAULT_SESSION_GONE' })
    await expect(sessions.overwrite(session.id, { user: 7 })).rejects.toMatchObject({ code: 'FAULT_SESSION_GONE' })
    expect(await sessions.update(session.id, data => data)).toBeUndefined()
  })

  test('a session that is too large is refused whole', async () => {
    const sessions = sessionsOf({ maxBytes: 100 })
    const { id } = await sessions.create({ cart: [] })
    await expect(sessions.update(id, () => ({ cart: ['x'.repeat(100)] }))).rejects.toMatchObject({
      code: 'FAULT_SESSION_SIZE',
    })
    expect((await sessions.get(id))!.data).toEqual({ cart: [] })
  })
})
