import { expect, it } from 'vitest'
import { startPrometheus } from './start-prometheus.ts'

it('answers queries until it is stopped', { timeout: 400_000 }, async context => {
  const server = await startPrometheus()
  if (server.kind !== 'prometheus') return context.skip(`not run: ${server.reason}`)
  const answer = await fetch(`${server.url}/api/v1/query?query=vector(7)`)
  expect(await answer.json()).toMatchObject({
    status: 'success',
    data: { result: [{ value: [expect.any(Number), '7'] }] },
  })
  await server.stop()
  await expect(fetch(`${server.url}/-/ready`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})
