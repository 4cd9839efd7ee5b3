/** A look at the keys of a server: a bounded walk by SCAN, and of each key its type, size and TTL. */
import type { RedisKey, RedisKeySample } from '@whetstone/model'
import { collapsedTemplates, keyTemplate } from '@whetstone/probe/key-template'
import type { Question, RedisConnection } from './connect.ts'
import { type Reply, ReplyError } from './resp.ts'

const keysKept = 1_000
const scansMost = 40
const askedAtOnce = 100
/** Of a list or hash this many members are measured, and the rest is reckoned from them. */
const membersMeasured = '5'

export interface SampleBudget {
  readonly deadlineMs: number
  readonly now: () => number
}

/** The order of SCAN is that of hashes: the first thousand are as good a sample as any. */
export async function sampleKeys(connection: RedisConnection, budget: SampleBudget): Promise<RedisKeySample> {
  const { names, complete } = await scanned(connection, budget)
  const keys: RedisKey[] = []
  for (let at = 0; at < names.length && budget.now() < budget.deadlineMs; at += askedAtOnce)
    keys.push(...(await described(connection, names.slice(at, at + askedAtOnce))))
  const collapsed = collapsedTemplates(new Set(keys.map(key => key.keyTemplate)))
  return {
    keys: keys.map(key => ({ ...key, keyTemplate: collapsed.get(key.keyTemplate) ?? key.keyTemplate })),
    complete: complete && keys.length === names.length,
  }
}

async function scanned(
  connection: RedisConnection,
  { deadlineMs, now }: SampleBudget,
): Promise<{ readonly names: readonly string[]; readonly complete: boolean }> {
  const names = new Set<string>()
  let cursor = '0'
  for (let scans = 0; scans < scansMost && names.size < keysKept && now() < deadlineMs; scans++) {
    const reply = await connection.ask('SCAN', cursor, 'COUNT', '200')
    if (!Array.isArray(reply)) break
    const [next, found] = reply as readonly Reply[]
    for (const name of Array.isArray(found) ? (found as readonly Reply[]) : [])
      if (typeof name === 'string') names.add(name)
    cursor = String(next)
    if (cursor === '0') return { names: [...names].slice(0, keysKept), complete: names.size <= keysKept }
  }
  return { names: [...names].slice(0, keysKept), complete: false }
}

const types: Readonly<Record<string, { readonly type: RedisKey['type']; readonly length?: Question }>> = {
  string: { type: 'string' },
  list: { type: 'list', length: 'LLEN' },
  set: { type: 'set', length: 'SCARD' },
  zset: { type: 'zset', length: 'ZCARD' },
  hash: { type: 'hash', length: 'HLEN' },
  stream: { type: 'stream', length: 'XLEN' },
}

async function described(connection: RedisConnection, names: readonly string[]): Promise<RedisKey[]> {
  const replies = await connection.askAll(
    names.flatMap(name => [
      ['TYPE', name] as const,
      ['PTTL', name] as const,
      ['MEMORY', 'USAGE', name, 'SAMPLES', membersMeasured] as const,
    ]),
  )
  const lengths = await connection.askAll(
    names.map((name, at) => [types[String(replies[3 * at])]?.length ?? 'TYPE', name] as const),
  )
  return names.flatMap((name, at) => {
    const [type, ttlMs, bytes] = replies.slice(3 * at, 3 * at + 3)
    // A key may be gone since, and some servers know no MEMORY.
    if (type === 'none' || type instanceof ReplyError || typeof ttlMs !== 'number' || ttlMs === -2) return []
    const members = lengths[at]
    return [
      {
        keyTemplate: keyTemplate(name),
        type: types[String(type)]?.type ?? ('other' as const),
        bytes: typeof bytes === 'number' ? bytes : 0,
        ...(ttlMs >= 0 ? { ttlMs } : {}),
        ...(typeof members === 'number' ? { members } : {}),
      },
    ]
  })
}
