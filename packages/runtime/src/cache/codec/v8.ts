/** Everything a structured clone keeps, in the form of V8: maps, sets, typed arrays, errors, circles. For Node only. */
import { deserialize, serialize } from 'node:v8'
import type { Codec } from './codec.ts'

/**
 * An instance of a class comes back as a plain object, as `structuredClone` has it; functions and symbols are refused. A newer Node reads
 * what an older one wrote, not always the other way round: that is a miss. `Buffer`s come back as such, with memory of their own.
 */
export const v8Codec: Codec = {
  id: 1,
  encode: value => serialize(value),
  // Of a copy: what comes out are views of what went in, and who writes to them would change the store.
  decode: bytes => deserialize(Uint8Array.from(bytes)) as unknown,
}
