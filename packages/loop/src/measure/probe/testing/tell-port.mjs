/** Test support, loaded before a service: tells the process that forked it which port was opened. */
import { Server } from 'node:net'

Server.prototype.listen = new Proxy(Server.prototype.listen, {
  apply(listen, server, words) {
    server.once('listening', () => process.send({ port: server.address().port }))
    return Reflect.apply(listen, server, words)
  },
})
