/** A real Prometheus takes what is written to it and answers queries with the report's own figures. */
import { startPrometheus } from '@whetstone/sandbox'
import { expect, it } from 'vitest'
import { openOutputs } from './open.ts'
import { madeReport } from './testing/made-report.ts'

/** First value of an instant query. */
async function queried(url: string, query: string, atMs: number): Promise<number | undefined> {
  const answer = await fetch(
    `${url}/api/v1/query?${new URLSearchParams({ query, time: String(atMs / 1000) }).toString()}`,
  )
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } }
  return data.result[0] === undefined ? undefined : Number(data.result[0].value[1])
}

it('counts what the report counts', { timeout: 400_000 }, async context => {
  const server = await startPrometheus()
  if (server.kind !== 'prometheus') return context.skip(`not run: ${server.reason}`)
  try {
    // It takes no samples from long before it was started.
    const report = madeReport()
    const startMs = Date.now() - 10_000
    const steps = report.steps.map((step, index) => ({
      ...step,
      startedAt: new Date(startMs + index * 2000).toISOString(),
    }))
    const measure = steps[1]!
    expect(await openOutputs([`prometheus=${server.url}`]).finish({ ...report, steps })).toEqual([])
    const endMs = startMs + 2000 + measure.durationMs + 1
    const at = async (query: string) => await queried(server.url, query.replaceAll('$', 'purpose="measure"'), endMs)
    expect(await at('sum(whetstone_load_requests_total{$})')).toBe(measure.overall.requests)
    expect(await at('sum(whetstone_load_errors_total{$})')).toBe(measure.errors)
    expect(await at('sum(whetstone_load_response_seconds_count{$, status_class!="5xx"})')).toBe(
      measure.overall.response.count,
    )
    expect(await at('histogram_quantile(0.5, sum by (le) (whetstone_load_response_seconds_bucket{$}))')).toBeCloseTo(
      0.01,
      2,
    )
    expect(await at('whetstone_load_response_quantile_seconds{$, quantile="0.95", route=""}')).toBeCloseTo(0.01, 4)
    expect(await at('whetstone_load_rate_per_second{$, route=""}')).toBe(102)
  } finally {
    await server.stop()
  }
})
