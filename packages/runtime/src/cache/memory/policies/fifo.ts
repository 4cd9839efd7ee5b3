/** First in, first out: hits change nothing. For what is read about once, or as the floor to compare others with. */
import { type EvictionPolicy } from './policy.ts'
import { Lru } from './lru.ts'

export class Fifo extends Lru implements EvictionPolicy {
  override hit(): void {}
}
