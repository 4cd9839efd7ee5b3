import { beforeAll, describe, expect, it } from 'vitest'
import { statementAccess } from '../statement-access.ts'
import { loadStatementParser } from '../statement-shape.ts'

beforeAll(loadStatementParser)

const unread = (text: string) => statementAccess(text, text)?.unreadJoins?.map(({ alias }) => alias)

describe('joins of which nothing is read', () => {
  it.each([
    ['select o.id from orders o join customers c on c.id = o.customer_id', ['c']],
    ['select o.id from orders o join customers c on o.customer_id = c.id where o.paid', ['c']],
    ['select count(*) from orders o join customers c on c.id = o.customer_id', ['c', 'o']],
    ['select o.id as n from orders o join customers c on c.id = o.customer_id order by n', ['c']],
    ['select o.id from orders o join customers c on c.id = o.customer_id and c.shop = o.shop', ['c']],
    [
      'select o.id, r.name from orders o join customers c on c.id = o.customer_id join regions r on r.id = o.region',
      ['c'],
    ],
    ['select c.name from orders o join customers c on c.id = o.customer_id', ['o']],
  ])('are told: %s', (text, aliases) => {
    expect(unread(text)).toEqual(aliases)
  })

  it.each([
    ['a column is shown', 'select o.id, c.name from orders o join customers c on c.id = o.customer_id where o.id = 1'],
    ['a column is asked for', 'select o.id from orders o join customers c on c.id = o.customer_id where c.active'],
    ['a column is sorted by', 'select o.id from orders o join customers c on c.id = o.customer_id order by c.name'],
    ['the condition asks more', 'select o.id from orders o join customers c on c.id = o.customer_id and c.active'],
    ['it is a range', 'select o.id from orders o join customers c on c.id < o.customer_id'],
    ['it leads on', 'select o.id, r.n from orders o join cities c on c.id = o.city join regions r on r.id = c.region'],
    ['an expression is joined', 'select o.id from orders o join customers c on c.id = o.customer_id::int'],
  ])('are none: %s', (_, text) => {
    expect(unread(text)).toEqual([])
  })

  it.each([
    ['the join is an outer one', 'select o.id from orders o left join customers c on c.id = o.customer_id'],
    ['a name stands without its table', 'select o.id, name from orders o join customers c on c.id = o.customer_id'],
    ['a star takes it all', 'select * from orders o join customers c on c.id = o.customer_id'],
    ['one table is taken whole', 'select c.* from orders o join customers c on c.id = o.customer_id'],
    ['a row is taken as a value', 'select row_to_json(c) from orders o join customers c on c.id = o.customer_id'],
    ['rows are locked', 'select o.id from orders o join customers c on c.id = o.customer_id for update'],
    ['USING names no table', 'select o.id from orders o join customers c using (customer_id)'],
    ['a subquery may read it', 'select o.id, (select 1) from orders o join customers c on c.id = o.customer_id'],
    ['a comma joins', 'select o.id from orders o, customers c where c.id = o.customer_id'],
  ])('cannot be told where %s', (_, text) => {
    expect(unread(text)).toBeUndefined()
  })
})
