/** Test support, loaded before a service: tells the process that forked it which port was opened. */
import { Server } from 'node:net'

const { listen } = Server.prototype
Server.prototype.listen = function (...words) {
  this.once('listening', () => process.send({ port: this.address().port }))
  return listen.apply(this, words)
}
