/** The counts of the drills about caches: what still reaches the database, what the cache misses, and how long what was changed is answered as it was. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Workload } from '@whetstone/model'
import type { ArmStart } from './arms.ts'
import { answeredWell } from './count.ts'
import { growthOfStatements } from './database-count.ts'
import { withRedis } from './redis.ts'
import { whileRunning } from './while-running.ts'

const requests = 600

/** Of six hundred requests of six users, for every hundred; what earlier processes left in the arm's cache is taken out before. */
export async function statementsPerHundred(start: ArmStart, workload: Workload): Promise<number> {
  await emptied(start)
  return Number(((100 * (await growthOfStatements(start, workload, requests))) / requests).toPrecision(4))
}

/** Of the cache the arm keeps in its Redis, while it answers six hundred requests of six users: misses for every hundred reads. */
export async function missesPerHundred(start: ArmStart, workload: Workload): Promise<number> {
  const url = await emptied(start)
  const counted = () =>
    withRedis(url, async client => {
      const info = await client.info('stats')
      const figure = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1] ?? 0)
      return { hits: figure('keyspace_hits'), misses: figure('keyspace_misses') }
    })
  const before = await counted()
  const answered = await whileRunning(start, async baseUrl => answeredWell(baseUrl, workload, requests))
  if (answered < requests) throw new Error(`${requests - answered} of ${requests} requests failed`)
  const after = await counted()
  const [hits, misses] = [after.hits - before.hits, after.misses - before.misses]
  return Number(((100 * misses) / Math.max(1, hits + misses)).toPrecision(4))
}

const mostStaleMs = 10_000

/**
 * Milliseconds from the answer to a PUT until a GET of the same path answers something else than before. The first request of the
 * workload that changes something is sent, each time with another number behind its path.
 * @throws Error when what was changed is still answered as it was after ten seconds
 */
export async function staleMs(start: ArmStart, workload: Workload): Promise<number> {
  const change = workload.routes.flatMap(route => route.requests).find(({ method }) => method !== 'GET')
  if (!change) throw new Error('the workload changes nothing')
  await emptied(start)
  const [path = ''] = change.path.split('?')
  return whileRunning(start, async baseUrl => {
    const read = async () => (await fetch(baseUrl + path)).text()
    // Twice: what is answered from a cache has to lie there first.
    await read()
    const old = await read()
    const fromMs = performance.now()
    // The time is another number in every round.
    const changed = await fetch(`${baseUrl}${path}?value=${Math.ceil(fromMs)}`, { method: change.method })
    if (!changed.ok) throw new Error(`${change.method} ${path} answered ${changed.status}`)
    const changedAtMs = performance.now()
    while ((await read()) === old) {
      if (performance.now() - changedAtMs > mostStaleMs)
        throw new Error(`${path} is still answered as before ${mostStaleMs} ms after it was changed`)
      await delay(2)
    }
    return Math.round(performance.now() - changedAtMs)
  })
}

/** @returns the URL of the arm's Redis, empty where it has none */
async function emptied({ env }: ArmStart): Promise<string> {
  const url = env.REDIS_URL ?? ''
  if (url !== '') await withRedis(url, client => client.flushall())
  return url
}
