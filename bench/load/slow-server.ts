/** A server with known latencies: 98 of 100 requests take the short time, the others the long one; it keeps its own record. */
import { createServer } from 'node:net'
import { Histogram } from '@whetstone/stats'

const [shortMs, longMs] = process.argv.slice(2).map(Number) as [number, number]
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const seen = new Histogram()
let requests = 0
/** Waiting answers, soonest first within each of the two delays. */
const waiting = { short: [] as Due[], long: [] as Due[] }

interface Due {
  readonly arrivedMs: number
  readonly atMs: number
  readonly reply: () => void
}

const server = createServer({ noDelay: true }, socket => {
  socket.on('data', () => {
    const arrivedMs = performance.now()
    // Two of every hundred, spread: no two long ones in a row.
    const list = requests++ % 50 === 49 ? 'long' : 'short'
    const atMs = arrivedMs + (list === 'long' ? longMs : shortMs)
    if (atMs === arrivedMs) {
      socket.write(answer)
      seen.record((performance.now() - arrivedMs) * 1000)
    } else waiting[list].push({ arrivedMs, atMs, reply: () => socket.write(answer) })
  })
  socket.on('error', () => socket.destroy())
})

function release(): void {
  const nowMs = performance.now()
  for (const list of [waiting.short, waiting.long]) {
    while (list[0] !== undefined && list[0].atMs <= nowMs) {
      const due = list.shift()!
      due.reply()
      seen.record((performance.now() - due.arrivedMs) * 1000)
    }
  }
  // Turning the loop is the only clock finer than a millisecond; the rest of the time the server sleeps.
  if (shortMs > 0) setImmediate(release)
}
release()
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }))
process.on('message', (word: string) => {
  process.send!({ requests, seen: seen.toJSON() })
  if (word === 'forget') {
    requests = 0
    seen.reset()
  }
})
process.on('disconnect', () => process.exit(0))
