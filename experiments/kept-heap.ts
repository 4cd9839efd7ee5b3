/** A route that says what the heap of an arm keeps after a full collection; both arms of a drill about memory have it. */
import v8 from 'node:v8'
import vm from 'node:vm'
import type { FastifyInstance } from 'fastify'

export function answerKeptHeap(server: FastifyInstance): void {
  v8.setFlagsFromString('--expose-gc')
  const collect = vm.runInNewContext('gc') as () => void
  server.get('/heap', () => {
    collect()
    return String(process.memoryUsage().heapUsed)
  })
}
