/** Keys that are deleted by a write and missed by the very next read: the writer knew the new value and threw it away. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { keyFamilies, meanLoadMs } from '../derive/cache-keys.ts'
import { type CachedWrite, cachedWrites } from '../derive/cached-writes.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'

export const writeThrough = definePractice({
  id: 'write-through',
  chapter: 'caching',
  title: 'Write-through caching',
  why: 'Where what is written is read at once, a write that only deletes the key makes the next reader pay for a load, and all who come meanwhile; the writer has the new value in its hands.',
  unless: [
    'Most of what is written is not read before its key ends: then a delete is cheaper, and keeps the cache small.',
    'The cached value is more than the row: what several tables make is loaded, not written.',
    'Two writers of one row may reach the cache in the wrong order, and nothing there compares versions.',
  ],
  sources: [
    'https://docs.aws.amazon.com/whitepapers/latest/database-caching-strategies-using-redis/caching-patterns.html',
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    missFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'of the deleted keys, asked for again before anything else: every second delete costs a load',
    },
    misses: { value: 20, unit: 'count', source: 'fewer in one window say little of a fraction' },
    ofMisses: { value: 0.2, unit: 'fraction', source: 'a fifth of the misses, so that hits are felt to grow' },
    loadMs: { value: 1, unit: 'ms', source: 'what a load must cost more than the lookup it follows' },
  },
  remedy: {
    summary: 'Set the key to what was written, in place of deleting it.',
    library: '@whetstone/runtime/cache set(), which a load under way does not replace',
    example: {
      language: 'ts',
      before: `await pool.query('UPDATE products SET price = $2 WHERE id = $1', [id, price])
await redis.del(\`product:\${id}\`)  // the next reader loads what was known here`,
      after: `const { rows } = await pool.query('UPDATE products SET price = $2 WHERE id = $1 RETURNING *', [id, price])
await redis.set(\`product:\${id}\`, JSON.stringify(rows[0]), 'EX', 60).catch(() => {}) // what is committed is no error`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'users', defaults: { ttlMs: 60_000 } })
const { rows } = await pool.query<User>('UPDATE users SET name = $2 WHERE id = $1 RETURNING id, name', values)
cache.set(\`user:\${id}\`, rows[0]) // a load that began before will not replace it`,
  },
  detect({ traces, statements }, thresholds) {
    const families = keyFamilies(traces).filter(({ keys }) => keys.deletes > 0 && keys.loads.loads > 0)
    if (families.length === 0) return notApplicable('no key that requests load is deleted by one')
    const told = cachedWrites(traces, statements).filter(({ cache }) => cache === 'told')
    const found = families.flatMap(family => {
      const { deletes, misses, missesBy } = family.keys
      const write = told.find(one => one.family === family && one.isByKey)
      const isMissed =
        missesBy.deleted >= thresholds.misses &&
        missesBy.deleted >= deletes * thresholds.missFraction &&
        missesBy.deleted >= misses * thresholds.ofMisses
      const isDear = (meanLoadMs(family.keys) ?? 0) >= thresholds.loadMs
      // What several tables make, no writer of one of them has in its hands.
      const isRow = write?.load.shape?.tables.length === 1 && !write.load.shape.hasAggregate
      return write && isMissed && isDear && isRow ? [describe(write)] : []
    })
    if (found.length > 0) return findings(found)
    const [first] = families
    return pass(first ? factsOf(first.keys) : [], 'few reads pay for a write before them')
  },
})

function factsOf({ deletes, misses, missesBy }: CachedWrite['family']['keys']): readonly Fact[] {
  return [
    fact(
      'deleted keys that were asked for again',
      Math.min(1, missesBy.deleted / Math.max(1, deletes)),
      'fraction',
      'traces',
    ),
    fact('misses of deleted keys', missesBy.deleted, 'count', 'traces'),
    fact('of all misses', missesBy.deleted / Math.max(1, misses), 'fraction', 'traces'),
  ]
}

function describe({ family, write, load, route, site }: CachedWrite): Finding {
  const { keyTemplate, keys, hitFraction, reads } = family
  const where: Where = { route, statementId: write.id, ...(site ? { site } : {}), resource: keyTemplate }
  const loadMs = meanLoadMs(keys) ?? 0
  const ofMisses = keys.missesBy.deleted / Math.max(1, keys.misses)
  const withIt = (keys.hits + keys.missesBy.deleted) / Math.max(1, reads)
  const readRoute = family.route
  return {
    fingerprint: fingerprintOf('write-through', where),
    practice: 'write-through',
    title: `${percentText(ofMisses)} of the misses of ${keyTemplate} are for what was just written`,
    where,
    facts: [
      ...factsOf(keys),
      fact('time per load', loadMs, 'ms', 'traces'),
      fact('hits', hitFraction, 'fraction', 'traces'),
      fact('hits if it were written through, predicted', withIt, 'fraction', 'traces'),
    ],
    confidence: 'strong',
    ...(readRoute === undefined
      ? {}
      : {
          edit: {
            kind: 'trace' as const,
            // Of the loads that are left: those after a write go.
            change: { kind: 'cache' as const, statementId: load.id, hitFraction: ofMisses, coldHitFraction: ofMisses },
            route: readRoute,
          },
        }),
    remedy: {
      summary: `Set ${keyTemplate} where ${route} deletes it.`,
      steps: [
        `${countText(keys.missesBy.deleted)} reads found deleted what a write had known, and loaded it in ${msText(loadMs)} each: with the value in its place the hits go from ${percentText(hitFraction)} to ${percentText(withIt)}.`,
        'RETURNING gives the row as it was written, triggers and defaults included.',
        'Set it after the commit, and let the cache refuse what is older than what it has: two writers may arrive in the wrong order.',
        'When the set fails, delete: an old value is worse than none.',
      ],
      code: {
        language: 'ts',
        before: `await pool.query(${JSON.stringify(excerpt(write.text, 80))}, values)\nawait redis.del(key)`,
        after: `const { rows } = await pool.query(${JSON.stringify(`${excerpt(write.text, 80)} RETURNING *`)}, values)\nawait redis.set(key, JSON.stringify(rows[0]), 'EX', 60).catch(() => {}) // what is committed is no error where the cache is away`,
      },
    },
  }
}
