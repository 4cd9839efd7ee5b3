/** The climb of the latest orders: which customers are asked for, and which statements and plans a rung is shown with. */
import { climb, type ClimbLoad } from '@whetstone/example-ladder'
import type { LadderRung, LadderStatement } from '@whetstone/model'
import { type Amounts, fill, plansOf, settle } from './database.ts'
import type { Rung } from './rungs.ts'
import { startService } from './service.ts'

export interface OrmClimb {
  readonly databaseUrl: string
  readonly rungs: readonly Rung[]
  readonly amounts: Amounts
  readonly load: ClimbLoad
  readonly onRung?: (rung: LadderRung) => void
}

export async function climbOrm({ databaseUrl, rungs, amounts, load, onRung }: OrmClimb) {
  await fill(databaseUrl, amounts)
  return climb({
    rungs,
    async start(rung) {
      if (rung.sql) await settle(databaseUrl, rung.sql)
      return startService(databaseUrl, rung.loading)
    },
    route: 'GET /customers/:id/orders',
    paths: Array.from({ length: amounts.customers }, (_, at) => pathOf(at + 1)),
    // The last has no orders.
    comparedPaths: [1, 2, Math.floor(amounts.customers / 2), amounts.customers, amounts.customers + 1].map(pathOf),
    load,
    async look(service) {
      // Before the request below, which is of no load.
      const queriesPerRequest = service.queriesPerRequest()
      const statements = await service.statementsOf(pathOf(Math.ceil(amounts.customers / 2)))
      return { queriesPerRequest, statements: await withPlans(databaseUrl, statements) }
    },
    ...(onRung && { onRung }),
  })
}

async function withPlans(databaseUrl: string, statements: readonly string[]): Promise<readonly LadderStatement[]> {
  const callsByKind = new Map<string, { readonly text: string; calls: number }>()
  for (const text of statements) {
    const known = callsByKind.get(kindOf(text))
    if (known) known.calls += 1
    else callsByKind.set(kindOf(text), { text, calls: 1 })
  }
  const kinds = [...callsByKind.values()]
  const plans = await plansOf(
    databaseUrl,
    kinds.map(({ text }) => text),
  )
  return kinds.map((kind, index) => ({ ...kind, plan: plans[index]! }))
}

/** Without its values: lists of any length are one kind. */
function kindOf(sql: string): string {
  return sql.replaceAll(/\b\d+\b/g, '?').replaceAll(/\?(?:, \?)+/g, '?')
}

function pathOf(customer: number): string {
  return `/customers/${customer}/orders`
}
