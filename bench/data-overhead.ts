/** What the data layer of the runtime costs over what it stands on: CPU of this process per query, per key, per routed statement. */
import { startPostgres } from '@whetstone/sandbox'
import { batchedOverhead } from './data-overhead/batched.ts'
import { poolOverhead } from './data-overhead/pool.ts'
import { routerOverhead } from './data-overhead/router.ts'
import { streamingMemory } from './data-overhead/streaming.ts'

/** One part of the figures: a file in data-overhead/. */
export interface OverheadPart {
  readonly name: string
  measure(options: {
    /** Of a database of its own. */
    readonly databaseUrl: string
    readonly quick: boolean
    log(line: string): void
  }): Promise<{ readonly rounds: number; readonly figures: Readonly<Record<string, number>> }>
}

// The last two open request scopes, which make every later promise of the process cost more.
const parts: readonly OverheadPart[] = [poolOverhead, streamingMemory, batchedOverhead, routerOverhead]

export const bench = {
  name: 'data-overhead',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const postgres = await startPostgres()
    try {
      let runs = 0
      const figures: Record<string, number> = {}
      for (const { name, measure } of parts) {
        const databaseUrl = await postgres.createDatabase(`bench_${name}`)
        const told = await measure({ databaseUrl, quick, log: line => log(`${name}: ${line}`) })
        runs = Math.max(runs, told.rounds)
        Object.assign(figures, told.figures)
      }
      return { runs, figures }
    } finally {
      await postgres.stop()
    }
  },
}
