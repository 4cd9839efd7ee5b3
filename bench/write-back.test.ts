/** Some of the runs of the benchmark of write-back, and that they would see what is lost. */
import { expect, it } from 'vitest'
import { bench } from './write-back.ts'

it('loses nothing that a killed process had acknowledged, by either journal', { timeout: 400_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  expect(figures).toMatchObject({ lost: 0, outOfOrder: 0, file: { runs: 3 }, postgres: { runs: 3 } })
  expect(figures.lostByTheControl).toBeGreaterThan(0)
  expect(figures.bars).toMatch(/^pass/)
})
