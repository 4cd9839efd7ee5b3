/**
 * Durable write-back under kill -9: writers that die at random moments, and what of their acknowledged writes the origin has afterwards.
 * Beside them a control whose journal nobody finds again: were nothing lost there, the runs would prove nothing.
 */
import { startPostgres } from '@whetstone/sandbox'
import { killRuns } from './write-back/kill-run.ts'

const bars = { lost: 0, outOfOrder: 0 }

export const bench = {
  name: 'write-back',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const runs = quick ? 3 : 100
    const server = await startPostgres()
    try {
      const [file, postgres] = [
        await killRuns(server, 'file', runs, Math.random, log),
        await killRuns(server, 'postgres', runs, Math.random, log),
      ]
      const control = await killRuns(server, 'forgotten', 3, () => 0.5, log)
      const totals = { lost: file.lost + postgres.lost, outOfOrder: file.outOfOrder + postgres.outOfOrder }
      const passed = totals.lost === bars.lost && totals.outOfOrder === bars.outOfOrder && control.lost > 0
      return {
        runs,
        figures: {
          ...totals,
          lostByTheControl: control.lost,
          bars: `${passed ? 'pass' : 'fail'}: ${JSON.stringify(bars)}`,
          file,
          postgres,
        },
      }
    } finally {
      await server.stop()
    }
  },
}
