/** HTTP caching as a middleware of Express 4 and 5, or of anything that calls `(request, response, next)`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchange } from './node-exchange.ts'
import type { HttpCacheOptions } from './options.ts'

export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Stands before whatever sets headers or cookies, so that it sees all of them.
 *
 * ```ts
 * app.use(httpCache({ cache: new ResponseCache({ store: new Cache() }) }))
 * ```
 */
export function httpCache(options: HttpCacheOptions = {}): Middleware {
  return (request, response, next) => void answer(options, request, response, next)
}

async function answer(
  options: HttpCacheOptions,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): Promise<void> {
  let served: boolean
  try {
    served = await exchange(options, request, response)
  } catch (error) {
    next(error)
    return
  }
  if (!served) next()
}
