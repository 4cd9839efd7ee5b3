/** Finds a loopback port for a server we choose: below 32768, where the kernel never places an outgoing connection. */
import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'
import { WhetstoneError, exitCodes } from '@whetstone/model'

export const lowestPort = 20_000
export const highestPort = 32_767
const attempts = 50

/** Free at the moment of asking; the caller still retries, because two processes may ask at once. */
export async function freePort(pick: () => number = () => randomInt(lowestPort, highestPort + 1)): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = pick()
    if (await isFreePort(port)) return port
  }
  throw new WhetstoneError(
    'WHET_SANDBOX_NO_PORT',
    `no free port found on 127.0.0.1 between ${lowestPort} and ${highestPort} in ${attempts} attempts`,
    { exitCode: exitCodes.internal },
  )
}

export async function isFreePort(port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
