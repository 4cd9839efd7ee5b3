/** The order of a trial's blocks: pairs back to back, who goes first drawn at random, so that drift and neighbours favour nobody. */
import { shuffled, type Random } from '@whetstone/stats'

export type ArmKey = 'a' | 'b'
export type PairOrder = readonly [first: ArmKey, second: ArmKey]

/** As many pairs begin with a as with b (one more of either when odd), in random order: a cost of going first cancels out. */
export function pairOrders(pairs: number, random: Random): PairOrder[] {
  const oddOneStartsWithA = random() < 0.5
  const startingWithA = pairs % 2 === 1 && oddOneStartsWithA ? Math.ceil(pairs / 2) : Math.floor(pairs / 2)
  const orders = Array.from({ length: pairs }, (_, at): PairOrder => (at < startingWithA ? ['a', 'b'] : ['b', 'a']))
  return shuffled(orders, random)
}
