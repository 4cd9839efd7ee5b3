/** Keys found in the list answers that services really give. */
import { describe, expect, it } from 'vitest'
import { idsInList } from './list-ids.ts'

describe('idsInList', () => {
  it.each<[string, unknown, string, string, string[]]>([
    ['a plain array', [{ id: 1 }, { id: 2 }, { id: 2 }], 'id', 'orders', ['1', '2']],
    ['results', { count: 2, results: [{ objectId: 'aB3' }, { objectId: 'xY9' }] }, 'objectId', 'Post', ['aB3', 'xY9']],
    ['objectId for :id', { results: [{ objectId: 'aB3' }] }, 'id', 'posts', ['aB3']],
    ['data', { data: [{ id: 'u1', type: 'orders', attributes: {} }], links: {} }, 'id', 'orders', ['u1']],
    [
      'an envelope named after the resource',
      { orders: [{ _id: 'm1' }], users: [{ _id: 'm2' }] },
      'id',
      'orders',
      ['m1'],
    ],
    ['data.items', { data: { items: [{ id: 4 }], total: 1 } }, 'id', 'orders', ['4']],
    ['edges and nodes', { data: { orders: { edges: [{ node: { id: 'g1' }, cursor: 'x' }] } } }, 'id', 'orders', ['g1']],
    ['any single array of objects', { page: 1, entries: [{ id: 5 }] }, 'id', 'orders', ['5']],
    ['an array of keys', ['eur', 'usd'], 'currency', 'currencies', ['eur', 'usd']],
    ['an own key under its long name', [{ orderId: 8, customerId: 3 }], 'id', 'orders', ['8']],
    ['the long name for the short one', [{ id: 8, customerId: 3 }], 'orderId', 'orders', ['8']],
    ['snake case', [{ order_id: 8 }], 'orderId', 'orders', ['8']],
    ['a named column', [{ id: 1, slug: 'lamp' }], 'slug', 'products', ['lamp']],
    ['a named column in snake case', [{ id: 1, order_number: 'A-1' }], 'orderNumber', 'orders', ['A-1']],
    ['a named column that is not there', [{ id: 1 }], 'slug', 'products', []],
    ['tags before the items', { tags: ['a'], rows: [{ id: 1 }] }, 'id', 'orders', ['1']],
    ['an object', { id: 1, name: 'x' }, 'id', 'orders', []],
    ['an empty list', { results: [] }, 'id', 'orders', []],
    ['null and empty keys', [{ id: null }, { id: '' }, { id: 0 }], 'id', 'orders', ['0']],
    ['a number', 7, 'id', 'orders', []],
  ])('%s', (_name, body, parameter, resource, expected) => {
    expect(idsInList(JSON.stringify(body), parameter, resource)).toEqual(expected)
  })

  it('finds nothing in what is not JSON', () => {
    expect(idsInList('<html></html>', 'id', 'orders')).toEqual([])
  })
})
