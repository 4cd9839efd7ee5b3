/** `npm run example:orm-n-plus-one`: starts the database, climbs, prints a table and writes one page with the plans. */
import { showClimb } from '@whetstone/example-ladder'
import { wholeText } from '@whetstone/model'
import { startPostgres } from '@whetstone/sandbox'
import { climbOrm } from './climb.ts'
import { rungs } from './rungs.ts'

const amounts = { orders: 20_000, customers: 500, products: 2_000 }
// Low enough for the first rung to keep up with on one core.
const load = { ratePerSecond: 4, warmUpMs: 3_000, durationMs: 20_000, seed: 1 }

const postgres = await startPostgres({ database: 'orm' })
try {
  await showClimb({
    name: 'orm-n-plus-one',
    title: 'latest orders of a customer, through an ORM',
    filledWith: `${wholeText(amounts.orders)} orders`,
    load,
    climb: onRung => climbOrm({ databaseUrl: postgres.url, rungs, amounts, load, onRung }),
  })
} finally {
  await postgres.stop()
}
