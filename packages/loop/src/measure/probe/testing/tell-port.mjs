/** Test support, loaded before a service: tells the process that forked it which port was opened. */
import { Server } from 'node:net'

const listen = Reflect.get(Server.prototype, 'listen')
Server.prototype.listen = function (...words) {
  this.once('listening', () => process.send({ port: this.address().port }))
  return Reflect.apply(listen, this, words)
}
