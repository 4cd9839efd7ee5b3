/** A server with known latencies: 98 of 100 requests take the short time, the others the long one; it keeps its own record. */
import { createServer } from 'node:net'
import { Histogram } from '@whetstone/stats'

const [shortMs, longMs] = process.argv.slice(2).map(Number) as [number, number]
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const seen = new Histogram()
let requests = 0

const server = createServer({ noDelay: true }, socket => {
  socket.on('data', () => {
    const arrivedMs = performance.now()
    const reply = () => {
      socket.write(answer)
      seen.record((performance.now() - arrivedMs) * 1000)
    }
    // Two of every hundred, spread: no two long ones in a row. What a timer is late by stands in the record.
    const ms = requests++ % 50 === 49 ? longMs : shortMs
    if (ms === 0) reply()
    else setTimeout(reply, ms)
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }))
process.on('message', (word: string) => {
  process.send!({ requests, seen: seen.toJSON() })
  if (word === 'forget') {
    requests = 0
    seen.reset()
  }
})
process.on('disconnect', () => process.exit(0))
