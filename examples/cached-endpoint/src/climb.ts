/** The climb of the reports: the same requests at every rung, and how many of them the cache answered. */
import { climb, type ClimbLoad } from '@whetstone/example-ladder'
import type { LadderRung } from '@whetstone/model'
import { type Amounts, fill } from './database.ts'
import type { Rung } from './rungs.ts'
import { startService } from './service.ts'

export interface ReportsClimb {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly rungs: readonly Rung[]
  readonly amounts: Amounts
  readonly ttlMs: number
  readonly load: ClimbLoad
  readonly onRung?: (rung: LadderRung) => void
  /** Of each rung, after its measurement. */
  readonly onHits?: (hitFraction: number) => void
}

export async function climbReports(options: ReportsClimb) {
  const { databaseUrl, redisUrl, rungs, amounts, ttlMs, load, onRung, onHits } = options
  await fill(databaseUrl, amounts)
  return climb({
    rungs,
    start: ({ cache }: Rung) => startService({ databaseUrl, redisUrl, cache, ttlMs, prefix: 'climb' }),
    route: 'GET /reports/:day',
    paths: askedFor(amounts).map(pathOf),
    comparedPaths: [0, 1, amounts.days - 1, amounts.days].map(pathOf),
    load,
    look: async service => {
      const { requests, queries } = service.takeCounts()
      onHits?.(service.hitFraction())
      return { queriesPerRequest: queries / requests }
    },
    ...(onRung && { onRung }),
  })
}

export function pathOf(day: number): string {
  return `/reports/${day}`
}

/** Two of three are of the newest five days, as reports are; the rest is of any. */
const different = 300

function askedFor({ days }: Amounts): readonly number[] {
  return Array.from({ length: different }, (_, at) => (at % 3 === 0 ? (at * 7) % days : at % 5))
}
