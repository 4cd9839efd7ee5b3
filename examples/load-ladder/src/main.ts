/** `npm run example:load-ladder`: starts the database, climbs, prints a table and writes one page. */
import { showClimb } from '@whetstone/example-ladder'
import { wholeText } from '@whetstone/model'
import { startPostgres } from '@whetstone/sandbox'
import { climbOrders } from './climb.ts'
import { rungs } from './rungs.ts'

const amounts = { orders: 60_000, customers: 2_000 }
const load = { ratePerSecond: 60, warmUpMs: 2_000, durationMs: 15_000, seed: 1 }

const postgres = await startPostgres({ database: 'ladder' })
try {
  await showClimb({
    name: 'load-ladder',
    title: 'open orders of a customer',
    filledWith: `${wholeText(amounts.orders)} orders`,
    load,
    climb: onRung => climbOrders({ databaseUrl: postgres.url, rungs, amounts, load, onRung }),
  })
} finally {
  await postgres.stop()
}
