/** A small HTTP service that costs a known amount of CPU a request; the trials run it against itself and against a slower self. */
import { createServer } from 'node:http'

const steps = Number(process.env.STEPS_PER_REQUEST ?? 0)
const share = { '/light': 0.5, '/middle': 1, '/heavy': 1.5 }

export function spend(count) {
  let state = 1
  for (let step = 0; step < count; step++) state = (Math.imul(state, 1664525) + 1013904223) ^ (state >>> 13)
  return state
}

// Without steps somebody only wants to know what they cost.
if (steps > 0) {
  const server = createServer((request, response) => {
    const result = spend(Math.round(steps * (share[request.url] ?? 1)))
    response.end(`{"result":${(result >>> 0).toString().padStart(10, '0')}}`)
  })
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  // Nothing of a trial may outlive the bench.
  process.once('disconnect', () => process.exit(0))
}
