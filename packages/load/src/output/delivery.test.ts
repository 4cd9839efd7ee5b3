/** A receiver that is busy, slow or away. */
import { afterEach, describe, expect, it } from 'vitest'
import { Delivery, type DeliveryOptions, deliveryDefaults } from './delivery.ts'
import { type Receiver, receiver } from './testing/receiver.ts'

const quick: DeliveryOptions = { ...deliveryDefaults, retryDelaysMs: [1, 2] }
let one: Receiver | undefined
afterEach(async () => await one?.close())

async function delivered(bodies: readonly string[], options: Partial<DeliveryOptions> = {}, url: string = one!.url) {
  const delivery = new Delivery('test', new URL(url), { 'content-type': 'text/plain' }, { ...quick, ...options })
  for (const body of bodies) delivery.push(body)
  return await delivery.drain()
}
const bodies = () => one!.accepted.map(({ body }) => body.toString())

describe('Delivery', () => {
  it('sends in order, one after the other', async () => {
    one = await receiver()
    expect(await delivered(['a', 'b', 'c'])).toEqual([])
    expect(bodies()).toEqual(['a', 'b', 'c'])
  })

  it.each([500, 503, 429])('sends again after a %i, without changing the order', async status => {
    one = await receiver(attempt => ({ status: attempt < 2 ? status : 200 }))
    expect(await delivered(['a', 'b'])).toEqual([])
    expect(bodies()).toEqual(['a', 'b'])
    expect(one.attempts).toHaveLength(4)
  })

  it('gives up after its retries, and says how much was lost and why', async () => {
    one = await receiver(attempt => ({ status: attempt < 3 ? 503 : 200, text: 'not ready\nmore' }))
    expect(await delivered(['a', 'b'])).toEqual([
      `test ${one.url}/: 1 of 2 writes were lost (503 Service Unavailable: not ready)`,
    ])
    expect(bodies()).toEqual(['b'])
  })

  it('does not send again what was refused', async () => {
    one = await receiver(() => ({ status: 400 }))
    expect(await delivered(['a'])).toEqual([`test ${one.url}/: 1 of 1 writes were lost (400 Bad Request)`])
    expect(one.attempts).toHaveLength(1)
  })

  it('follows no redirect with the figures', async () => {
    one = await receiver(() => ({ status: 307 }))
    expect(await delivered(['a'])).toEqual([`test ${one.url}/: 1 of 1 writes were lost (307 Temporary Redirect)`])
  })

  it('says that nobody listens', async () => {
    one = await receiver()
    const { url } = one
    await one.close()
    expect((await delivered(['a'], {}, url))[0]).toContain('1 of 1 writes were lost (connect ECONNREFUSED 127.0.0.1:')
  })

  it('drops the oldest when too many wait', async () => {
    one = await receiver()
    // The first is under way at once; of the others two may wait.
    expect(await delivered(['a', 'b', 'c', 'd', 'e'], { longestQueue: 2 })).toEqual([
      `test ${one.url}/: 2 of 5 writes were lost (the receiver is too slow)`,
    ])
    expect(bodies()).toEqual(['a', 'd', 'e'])
  })

  it('does not wait for ever at the end', async () => {
    one = await receiver(() => undefined)
    const [warning] = await delivered(['a', 'b', 'c'], { patienceMs: 50 })
    expect(warning).toContain('3 of 3 writes were lost')
  })

  it('has patience as long as something arrives', async () => {
    one = await receiver()
    const many = Array.from({ length: 50 }, (_, index) => String(index))
    expect(await delivered(many, { patienceMs: 5000 })).toEqual([])
    expect(bodies()).toEqual(many)
  })

  it('sends a user and a password as a header, and prints neither', async () => {
    one = await receiver(() => ({ status: 401 }))
    const warnings = await delivered(['a'], {}, one.url.replace('http://', 'http://me:s%40fe@'))
    expect(warnings).toEqual([`test ${one.url}/: 1 of 1 writes were lost (401 Unauthorized)`])
    expect(one.attempts[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:s@fe').toString('base64')}`)
  })
})
