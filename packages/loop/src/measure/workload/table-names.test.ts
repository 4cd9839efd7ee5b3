/** Tables guessed from path segments and parameter names. */
import { expect, it } from 'vitest'
import { tableNamesOf } from './table-names.ts'

it.each<[string, string, string[]]>([
  ['orders', 'id', ['orders', 'order']],
  ['order', 'id', ['order', 'orders']],
  ['categories', 'id', ['categories', 'category']],
  ['addresses', 'id', ['addresses', 'address']],
  ['order-items', 'id', ['order_items', 'order_item', 'orderitems', 'orderitem']],
  ['orderItems', 'id', ['order_items', 'order_item', 'orderitems', 'orderitem']],
  ['by-customer', 'customerId', ['by_customer', 'by_customers', 'customer', 'customers', 'bycustomer', 'bycustomers']],
  ['', 'slug', []],
])('%s/:%s', (resource, parameter, expected) => {
  expect(tableNamesOf(resource, parameter)).toEqual(expected)
})
