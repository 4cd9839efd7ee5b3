/** MessagePack by the library the service has: shorter than JSON, and read by other languages. */
import type { Codec } from './codec.ts'

/** `@msgpack/msgpack` is one, and so is `msgpackr`, or an encoder of either with settings of your own. */
export interface MessagePack {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

/**
 * What it keeps is the library's matter. `@msgpack/msgpack`: dates come back as dates; `undefined` as null; a `Map` and an instance of a
 * class as plain objects; a `bigint` is refused unless `useBigInt64` is set.
 *
 * ```ts
 * import * as msgpack from '@msgpack/msgpack'
 * const codec = messagePackCodec(msgpack)
 * ```
 */
export function messagePackCodec(library: MessagePack): Codec {
  return {
    id: 2,
    // Encoders may hand out a view of memory they use again for the next value, and decoders one of what they were given.
    encode: value => Uint8Array.from(library.encode(value)),
    decode: bytes => library.decode(Uint8Array.from(bytes)),
  }
}
