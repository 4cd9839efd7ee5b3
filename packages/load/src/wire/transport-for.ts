/** The transport that speaks the protocol of a target. */
import { Http2Transport } from './http2-transport.ts'
import type { PoolOptions } from './pool.ts'
import { Pool } from './pool.ts'
import type { Exchange, Transport, TransportEvents } from './transport.ts'

export function transportFor<E extends Exchange>(options: PoolOptions, events: TransportEvents<E>): Transport<E> {
  const { protocol } = options.target
  return protocol === 'h2' || protocol === 'h2c' ? new Http2Transport(options, events) : new Pool(options, events)
}
