/** The cheapest server there is: it answers every request with the same bytes, so that the tools are compared and not the server. */
import { createServer } from 'node:net'

const body = JSON.stringify({ id: 1, name: 'a small answer', tags: ['one', 'two'], price: 12.5 })
const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const endOfHead = Buffer.from('\r\n\r\n')
let requests = 0

/** GET requests have no body: each blank line ends one. */
function requestsIn(chunk) {
  let found = 0
  for (let at = chunk.indexOf(endOfHead); at !== -1; at = chunk.indexOf(endOfHead, at + 4)) found++
  return found
}

const server = createServer({ noDelay: true }, socket => {
  socket.on('data', chunk => {
    const found = requestsIn(chunk)
    requests += found
    if (found > 0) socket.write(found === 1 ? answer : answer.repeat(found), 'latin1')
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ requests }))
process.on('disconnect', () => process.exit(0))
