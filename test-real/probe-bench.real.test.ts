/** The benchmark of the probe, run quickly: every variant starts, answers, and is set beside the bare service. */
import { expect, test } from 'vitest'
import { bench } from '../bench/probe.ts'

test('the probe is measured beside OpenTelemetry, on one query and on twenty', async () => {
  const lines: string[] = []
  const { runs, figures } = await bench.run({ quick: true, log: line => lines.push(line) })
  expect(runs).toBe(2)
  expect(lines).toEqual(['round 1 of 2', 'round 2 of 2'])
  const ofRoute = (suffix: string) => [
    `noneMicros${suffix}`,
    ...['red', 'trace', 'otel'].map(variant => `${variant}AddedMicros${suffix}`),
    ...['trace', 'red'].map(variant => `${variant}OfOtel${suffix}`),
  ]
  expect(Object.keys(figures).toSorted()).toEqual([...ofRoute('1'), ...ofRoute('20'), 'profilerOverhead'].toSorted())
  expect(Object.values(figures).filter(figure => !Number.isFinite(figure))).toEqual([])
  expect(figures['noneMicros1']).toBeGreaterThan(0)
  // Nineteen queries more are plain to see, however short the run.
  expect(figures['noneMicros20']).toBeGreaterThan(2 * figures['noneMicros1']!)
  expect(figures['otelAddedMicros20']).toBeGreaterThan(0)
})
