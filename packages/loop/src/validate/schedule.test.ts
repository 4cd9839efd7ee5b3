import { seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { pairOrders } from './schedule.ts'

describe('pair orders', () => {
  it('begin with each arm equally often', () => {
    for (let seed = 0; seed < 50; seed++) {
      const orders = pairOrders(14, seededRandom(seed))
      expect(orders.filter(([first]) => first === 'a')).toHaveLength(7)
      for (const order of orders) expect(order.toSorted()).toEqual(['a', 'b'])
    }
  })

  it('give the odd pair to either arm', () => {
    const starts = Array.from({ length: 400 }, (_, seed) => pairOrders(1, seededRandom(seed))[0]![0])
    const withA = starts.filter(first => first === 'a').length
    expect(withA).toBeGreaterThan(150)
    expect(withA).toBeLessThan(250)
  })

  it('come in another order for another seed, and the same for the same', () => {
    expect(pairOrders(14, seededRandom(1))).toEqual(pairOrders(14, seededRandom(1)))
    expect(pairOrders(14, seededRandom(1))).not.toEqual(pairOrders(14, seededRandom(2)))
  })
})
