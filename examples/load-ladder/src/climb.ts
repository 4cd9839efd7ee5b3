/** The climb of the open orders: which customers are asked for, and how a rung changes the database or the service. */
import { climb, type ClimbLoad } from '@whetstone/example-ladder'
import type { LadderRung } from '@whetstone/model'
import { type Amounts, fill, settle } from './database.ts'
import type { Rung } from './rungs.ts'
import { startService } from './service.ts'

export interface OrdersClimb {
  readonly databaseUrl: string
  readonly rungs: readonly Rung[]
  readonly amounts: Amounts
  readonly load: ClimbLoad
  readonly onRung?: (rung: LadderRung) => void
}

export async function climbOrders({ databaseUrl, rungs, amounts, load, onRung }: OrdersClimb) {
  await fill(databaseUrl, amounts)
  let cacheMs = 0
  return climb({
    rungs,
    async start(rung) {
      if (rung.sql) await settle(databaseUrl, rung.sql)
      cacheMs = rung.cacheMs ?? cacheMs
      return startService({ databaseUrl, cacheMs })
    },
    route: 'GET /customers/:id/orders',
    paths: askedFor(amounts).map(pathOf),
    comparedPaths: [1, 2, 3, Math.floor(amounts.customers / 2), amounts.customers, amounts.customers + 1].map(pathOf),
    load,
    ...(onRung && { onRung }),
  })
}

/** Drawn evenly, of which the first half come back often: what a cache lives on. */
const different = 400

function askedFor({ customers }: Amounts): readonly number[] {
  const half = different / 2
  const often = Array.from({ length: half }, (_, at) => 1 + (at % 20))
  const seldom = Array.from({ length: half }, (_, at) => 1 + Math.floor((at * customers) / half))
  return [...often, ...seldom]
}

function pathOf(customer: number): string {
  return `/customers/${customer}/orders`
}
