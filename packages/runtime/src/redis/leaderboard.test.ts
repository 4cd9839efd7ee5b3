import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Leaderboard, type LeaderboardOptions } from './leaderboard.ts'
import { clientNames, type Clients, startClients } from './testing/clients.ts'

let clients: Clients
beforeAll(async () => void (clients = await startClients()), 400_000)
afterAll(async () => await clients?.stop())

describe.each(clientNames)('by %s', name => {
  const boardOf = (options: Partial<LeaderboardOptions> = {}) =>
    new Leaderboard(clients[name], { key: randomUUID(), ...options })

  test('equal scores share a rank and stand by name', async () => {
    const board = boardOf()
    for (const [member, score] of Object.entries({ dora: 10, bob: 20, ann: 20, cid: 30, eve: 0 }))
      await board.submit(member, score)
    expect((await board.top(10)).map(({ member, score, rank }) => [rank, member, score])).toEqual([
      [1, 'cid', 30],
      [2, 'ann', 20],
      [2, 'bob', 20],
      [4, 'dora', 10],
      [5, 'eve', 0],
    ])
    expect((await board.top(2, 2)).map(({ rank, member }) => [rank, member])).toEqual([
      [2, 'bob'],
      [4, 'dora'],
    ])
    expect(await board.rankOf('bob')).toEqual({ member: 'bob', score: 20, rank: 2 })
    expect((await board.around('ann', 1)).map(({ member }) => member)).toEqual(['cid', 'ann', 'bob'])
    expect((await board.around('cid', 1)).map(({ member }) => member)).toEqual(['cid', 'ann'])
    expect((await board.around('eve', 1)).map(({ member }) => member)).toEqual(['dora', 'eve'])
    expect([await board.rankOf('nobody'), await board.around('nobody', 2), await board.size()]).toEqual([
      undefined,
      [],
      5,
    ])
    expect([await board.remove('eve'), await board.remove('eve')]).toEqual([true, false])
  })

  test.each([
    ['best', 'highest', 9],
    ['best', 'lowest', 2],
    ['last', 'highest', 4],
    ['sum', 'lowest', 15],
  ] as const)('keeps the %s where the %s leads', async (keep, leads, score) => {
    const board = boardOf({ keep, leads })
    for (const one of [2, 9, 4]) await board.submit('ann', one)
    expect(await board.rankOf('ann')).toEqual({ member: 'ann', score, rank: 1 })
  })

  test('a season that is over accepts nothing, can be read for a while, and is then gone', async () => {
    const key = randomUUID()
    const open = boardOf({ key, endsAtMs: Date.now() + 60_000, keepAfterEndMs: 1_000 })
    await open.submit('ann', 1)
    expect(await clients.ioredis.pttl(key)).toBeGreaterThan(55_000)
    const over = boardOf({ key, endsAtMs: Date.now() - 1_000, keepAfterEndMs: 60_000 })
    await expect(over.submit('bob', 9)).rejects.toMatchObject({ code: 'FAULT_SEASON_OVER' })
    expect((await over.top(5)).map(({ member }) => member)).toEqual(['ann'])
  })

  test('who falls behind the bound is forgotten', async () => {
    const board = boardOf({ maxMembers: 3 })
    for (const score of [5, 1, 4, 2, 3]) await board.submit(`m${score}`, score)
    expect((await board.top(10)).map(({ score }) => score)).toEqual([5, 4, 3])
  })

  test('ranks are those of a sorted list', async () => {
    const entry = fc.record({
      member: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      score: fc.integer({ min: -3, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        fc.constantFrom('highest', 'lowest'),
        async (entries, leads) => {
          const board = boardOf({ leads, keep: 'sum' })
          const sums = new Map<string, number>()
          for (const { member, score } of entries) {
            await board.submit(member, score)
            sums.set(member, (sums.get(member) ?? 0) + score)
          }
          const better = (a: number, b: number) => (leads === 'highest' ? a > b : a < b)
          const expected = [...sums]
            .map(([member, score]) => ({
              member,
              score,
              rank: 1 + [...sums.values()].filter(other => better(other, score)).length,
            }))
            .toSorted((a, b) => a.rank - b.rank || (a.member < b.member ? -1 : 1))
          expect(await board.top(100)).toEqual(expected)
        },
      ),
      { numRuns: 30 },
    )
  })
})
