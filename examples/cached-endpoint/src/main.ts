/** `npm run example:cached-endpoint`: starts PostgreSQL and Redis, climbs, lets a hot key expire, prints both and writes one page. */
import { showClimb } from '@whetstone/example-ladder'
import { msText, wholeText } from '@whetstone/model'
import { startPostgres, startRedis } from '@whetstone/sandbox'
import { climbReports } from './climb.ts'
import { expireUnderLoad } from './expiry.ts'
import { rungs } from './rungs.ts'

const amounts = { orders: 400_000, days: 60 }
const load = { ratePerSecond: 15, warmUpMs: 10_000, durationMs: 15_000, seed: 1 }
const ttlMs = 5_000
const drill = { ttlMs: 500, callers: 50, expiries: 5 }

const redis = await startRedis()
if (redis.kind === 'not-available') {
  process.stderr.write(`needs Redis: ${redis.reason}\n`)
  process.exit(1)
}
const postgres = await startPostgres({ database: 'reports' })
const urls = { databaseUrl: postgres.url, redisUrl: redis.url }
const hits: number[] = []
try {
  await showClimb({
    name: 'cached-endpoint',
    title: 'report of a day',
    filledWith: `${wholeText(amounts.orders)} orders, Redis before it`,
    load,
    climb: onRung =>
      climbReports({ ...urls, rungs, amounts, ttlMs, load, onRung, onHits: hitFraction => hits.push(hitFraction) }),
  })
  const hitRates = rungs.map(({ label }, index) => `${label} ${Math.round(100 * hits[index]!)} %`)
  say(`\n  Did not wait for PostgreSQL: ${hitRates.join(', ')}`)
  say(`\n  A popular report ends, and ${drill.callers} ask for it in that moment; ${drill.expiries} times:`)
  say(`  ${'cache'.padEnd(18)}${'queries each'.padStart(14)}${'p50'.padStart(10)}${'longest'.padStart(10)}`)
  for (const { cache, label } of rungs) {
    const { queriesPerExpiry, p50Ms, longestMs } = await expireUnderLoad({ ...urls, ...drill, cache })
    say(
      `  ${label.padEnd(18)}${queriesPerExpiry.toFixed(1).padStart(14)}${msText(p50Ms).padStart(10)}${msText(longestMs).padStart(10)}`,
    )
  }
} finally {
  await Promise.all([postgres.stop(), redis.stop()])
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
