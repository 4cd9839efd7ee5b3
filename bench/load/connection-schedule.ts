/**
 * The way wrk2 measures: each connection has a schedule of its own and one request at a time; a late one is timed from when it
 * should have left. `connection-schedule.ts <port> <rate> <connections> <seconds>`.
 */
import { connect } from 'node:net'
import { Histogram } from '@whetstone/stats'

const [port, ratePerSecond, connections, seconds] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
]
const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
const responses = new Histogram()
const gapMs = (1000 * connections) / ratePerSecond
const beginMs = performance.now() + 200
const perConnection = Math.round((ratePerSecond * seconds) / connections)

await Promise.all(Array.from({ length: connections }, (_, index) => drive(index)))
process.send!({ responses: responses.toJSON() }, undefined, undefined, () => process.exit(0))

async function drive(index: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let turn = 0
    const dueMs = () => beginMs + (index * gapMs) / connections + turn * gapMs
    const send = (): void => {
      const waitMs = dueMs() - performance.now()
      if (waitMs > 0) setTimeout(send, waitMs)
      else socket.write(request)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', () => {
      responses.record((performance.now() - dueMs()) * 1000)
      if (++turn < perConnection) return send()
      socket.destroy()
      resolve()
    })
  })
}
