/** An HTTP service whose capacity is known: c slots, one queue, exponential service times, kept exact by a clock of its own. */
import { createServer } from 'node:http'

const slots = Number(process.env.SLOTS)
const meanServiceMs = Number(process.env.MEAN_SERVICE_MS)
let state = Number(process.env.SEED) | 0

/** When each slot will be free. These instants are computed, never measured, so a late timer delays one answer and no other. */
const freeAtMs = new Float64Array(slots)
const late = { answers: 0, sumMs: 0, maxMs: 0 }

const server = createServer((_request, response) => {
  const nowMs = performance.now()
  let slot = 0
  for (let other = 1; other < slots; other++) if (freeAtMs[other] < freeAtMs[slot]) slot = other
  const endMs = Math.max(nowMs, freeAtMs[slot]) - Math.log(1 - uniform()) * meanServiceMs
  freeAtMs[slot] = endMs
  answerAt(endMs, response)
})

/** Timers know whole milliseconds: one that is half of one early is as near as it gets. */
function answerAt(endMs, response) {
  const leftMs = endMs - performance.now()
  if (leftMs > 0.5) {
    setTimeout(answerAt, Math.max(1, Math.round(leftMs)), endMs, response)
    return
  }
  late.answers++
  late.sumMs -= leftMs
  late.maxMs = Math.max(late.maxMs, -leftMs)
  response.end('ok')
}

/** Weyl sequence through the splitmix32 finaliser. */
function uniform() {
  state = (state + 0x9e3779b9) | 0
  let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ late }))
// Nothing of a search may outlive the bench.
process.once('disconnect', () => process.exit(0))
