/** A row is written and the cache is not told: what was true before the write is answered until the key ends by itself. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  type Outcome,
  pass,
  unknown,
  type Where,
} from '@whetstone/model'
import { keyFamilies, usualTtlMs } from '../derive/cache-keys.ts'
import { type CachedWrite, cachedWrites } from '../derive/cached-writes.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { workOf } from '../derive/statements.ts'

export const cacheInvalidation = definePractice({
  id: 'cache-invalidation',
  chapter: 'caching',
  title: 'Invalidation strategy',
  why: 'A time to live bounds how old an answer may become, it does not make it right: until then whoever changed a price is shown the old one, and so is everybody else.',
  unless: [
    'The answer may be as old as its time to live, and somebody decided that.',
    'Changes are told to the cache on another way: by a trigger, an outbox or the log of the database.',
    'What is written is never read through this key.',
  ],
  sources: [
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
    'https://engineering.fb.com/2022/06/08/core-infra/cache-made-consistent/',
    'https://microservices.io/patterns/data/transactional-outbox.html',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    writes: { value: 5, unit: 'count', source: 'in the window: fewer may be a repair by hand' },
    hits: { value: 20, unit: 'count', source: 'answers that came from the cache, any of which may be old' },
    staleMs: { value: 5_000, unit: 'ms', source: 'a time to live as short was chosen to be the bound itself' },
  },
  remedy: {
    summary:
      'Delete the key when the write is committed, where the write is; with several processes tell them all, and let the time to live catch what is missed.',
    library: '@whetstone/runtime/cache invalidate() and invalidateTags(), with a bus',
    example: {
      language: 'ts',
      before: `await pool.query('UPDATE products SET price = $2 WHERE id = $1', [id, price])  // the cache shows the old one until it ends`,
      after: `await pool.query('UPDATE products SET price = $2 WHERE id = $1', [id, price])
// after the commit: before it, a reader puts the old row back; what is committed is no error where the cache is away
await redis.del(\`product:\${id}\`).catch(() => {})`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'products' })
const read = () => cache.getOrLoad(\`product:\${id}\`, () => pool.query(sql, [id]), { ttlMs: 60_000, tags: ['products'] })
const { rows } = await read()
await pool.query('UPDATE products SET price = $2 WHERE id = $1', values)
cache.invalidate(\`product:\${id}\`) // a load under way will not bring the old row back
cache.invalidateTags('products') // after an import: all of them at once`,
  },
  detect({ traces, statements }, thresholds) {
    const filled = keyFamilies(traces).filter(({ keys }) => keys.loads.loads > 0)
    if (filled.length === 0) return notApplicable('no request fills a cache on the network')
    const writes = cachedWrites(traces, statements)
    const silent = writes.filter(({ cache }) => cache === 'silent')
    const lasting = silent.filter(({ family }) => !endsWithin(family, thresholds.staleMs))
    const missed = lasting.filter(
      ({ family, calls }) => calls >= thresholds.writes && family.keys.hits >= thresholds.hits,
    )
    const certain = missed.filter(({ isByKey, family }) => isByKey && usualTtlMs(family.keys) !== undefined)
    if (certain.length > 0) return findings(certain.map(describe))
    const [unclear] = missed
    if (unclear)
      return ask(
        `${unclear.route} writes ${unclear.write.shape?.tables[0]} by "${excerpt(unclear.write.text, 80)}", and ${unclear.family.keyTemplate} is made of it. Who tells the cache?`,
        factsOf(unclear),
      )
    const [rare] = lasting
    if (rare)
      return ask(
        `${rare.route} sends the cache nothing when it writes what ${rare.family.keyTemplate} is made of. It did so ${countText(rare.calls)} ${rare.calls === 1 ? 'time' : 'times'}, and ${countText(rare.family.keys.hits)} reads came from the cache: too few to tell. Who tells the cache?`,
        factsOf(rare),
      )
    if (writes.length > 0) return passed(writes)
    const neverLoaded = keyFamilies(traces).filter(({ keys }) => keys.hits > 0 && keys.loads.loads === 0)
    // A key is known by what is read when it is loaded; one that lay there all the time may be of anything.
    if (neverLoaded.length > 0 && statements.statements.some(statement => workOf(statement) === 'write'))
      return unknown(
        ['traces'],
        `${neverLoaded[0]!.keyTemplate} was never loaded meanwhile: what it is made of was not seen`,
        'an empty cache to begin with',
      )
    return pass([], 'nothing was written that a loaded key was seen to be made of')
  },
})

/** A time to live that was chosen to be the bound itself; of an entry that nobody was seen to set nothing is known. */
function endsWithin({ keys }: CachedWrite['family'], mostMs: number): boolean {
  const ttlMs = usualTtlMs(keys)
  return typeof ttlMs === 'number' && ttlMs <= mostMs
}

function passed(writes: readonly CachedWrite[]): Outcome {
  const calls = (cache: CachedWrite['cache']) => {
    // One write makes old what several statements load.
    const own = new Map(
      writes.filter(one => one.cache === cache).map(one => [`${one.route} ${one.write.id}`, one.calls]),
    )
    return [...own.values()].reduce((sum, each) => sum + each, 0)
  }
  const [told, unclear, silent] = [calls('told'), calls('unknown'), calls('silent')]
  const notes = [
    ...(told > 0 ? [`${countText(told)} by routes that delete or set the key`] : []),
    ...(unclear > 0
      ? [`${countText(unclear)} by routes that may tell the cache with a message, a version or a script`]
      : []),
    ...(silent > 0 ? [`${countText(silent)} that it is not told of, where the key ends by itself soon enough`] : []),
  ]
  return pass(
    [
      fact('writes after which the cache is told', told, 'count', 'traces'),
      ...(silent > 0 ? [fact('writes that the cache is not told of', silent, 'count', 'traces')] : []),
    ],
    `writes behind cached keys: ${notes.join('; ')}`,
  )
}

function factsOf({ family, write, calls }: CachedWrite): readonly Fact[] {
  const ttlMs = usualTtlMs(family.keys)
  return [
    fact('writes that the cache is not told of', calls, 'count', 'statements', { statementId: write.id }),
    fact('reads answered by the cache', family.keys.hits, 'count', 'traces'),
    fact('of the reads', family.hitFraction, 'fraction', 'traces'),
    ...(typeof ttlMs === 'number' ? [fact('answered as it was for up to', ttlMs, 'ms', 'traces')] : []),
  ]
}

function describe(missed: CachedWrite): Finding {
  const { family, write, route, calls, site } = missed
  const { keyTemplate, hitFraction, keys } = family
  const where: Where = { route, statementId: write.id, ...(site ? { site } : {}), resource: keyTemplate }
  const ttlMs = usualTtlMs(keys)
  const until = typeof ttlMs === 'number' ? `for up to ${msText(ttlMs)}` : 'for ever'
  const reader = family.site?.[0]
  return {
    fingerprint: fingerprintOf('cache-invalidation', where),
    practice: 'cache-invalidation',
    title: `${countText(calls)} writes leave ${keyTemplate} in the cache as it was, ${until}`,
    where,
    facts: factsOf(missed),
    // What the row is written by and what it is read by are the same column, and nothing between them speaks to the cache.
    confidence: 'strong',
    remedy: {
      summary: `Delete ${keyTemplate} after "${excerpt(write.text, 60)}".`,
      steps: [
        `${route} writes the row and sends the cache nothing; ${percentText(hitFraction)} of the reads of ${keyTemplate} come from there.`,
        ...(reader ? [`It is read at ${reader.file}:${reader.line}.`] : []),
        'After the commit, not before it: a reader in between would put the old row back.',
        typeof ttlMs === 'number'
          ? 'A delete that the cache missed is made good by its time to live.'
          : 'Give it a time to live too: a delete that the cache missed is made good by nothing else.',
        'A process that keeps it in memory too has to hear of it: publish the key.',
        'Where a process may die between commit and delete, write what is to be deleted into an outbox of the same transaction.',
      ],
      code: {
        language: 'ts',
        before: `await pool.query(${JSON.stringify(excerpt(write.text, 100))}, values)`,
        after: `await pool.query(${JSON.stringify(excerpt(write.text, 100))}, values)
// what is committed is no error where the cache is away
await redis.del(\`${keyTemplate.replaceAll(/\{\w+\}/g, '${id}')}\`).catch(() => {})`,
      },
    },
  }
}
