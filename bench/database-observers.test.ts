/** The benchmark of what watching a database costs runs; what it prints depends on the machine and is not asserted here. */
import { expect, it } from 'vitest'
import { bench } from './database-observers.ts'

it('prints what the tools of the database cost', { timeout: 120_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  expect(figures.microsWithoutAny).toBeGreaterThan(0)
  expect(figures.allOfNone).toBeGreaterThan(0)
})
