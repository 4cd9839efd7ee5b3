/** A scenario with one of everything, as somebody would write it: the compiler holds its types, the tests what it does. */
import {
  call,
  check,
  contains,
  csv,
  events,
  flow,
  get,
  hear,
  json,
  jsonPath,
  post,
  range,
  say,
  scenario,
  think,
  websocket,
} from '@whetstone/load'

interface Item {
  readonly id: string
  readonly price: number
}

export default scenario({
  name: 'shop',
  target: 'http://127.0.0.1:3000',
  headers: { accept: 'application/json' },
  data: { item: csv('items.csv', { numbers: ['price'] }) },
  setup: async http => {
    const login = await http.post('/login', { json: { user: 'ada' } })
    return { token: login.json().token as string, startedAt: Date.now() }
  },
  auth: { token: ({ shared }) => shared.token },
  flows: [
    flow('browse', { weight: 9 }, [
      get('/items?page={page}', {
        with: { page: range(1, 200) },
        expect: {
          status: 200,
          body: [contains('"id"'), json('$', (items: Item[]) => items.every(({ price }) => price > 0))],
          below: '300ms',
          checks: [check('at most fifty', answer => answer.json().length <= 50)],
        },
        extract: { first: jsonPath('$[0].id'), other: jsonPath('$[*].id', { otherwise: '1' }) },
      }),
      think('200ms..1s'),
      get('/items/{first}'),
      get('/items/{other}'),
    ]),
    flow('order', [
      post('/orders', { json: { item: '{item.id}', price: '{item.price}', note: 'user {arrival}' } }),
      call('audit', async user => {
        await user.http.get(`/audit/${user.arrival}`)
      }),
      websocket('/live', [say({ watch: '{item.id}' }, { answer: contains('{') }), think('1s')]),
      events('/prices', [hear({ event: 'price', count: 3 })]),
    ]),
  ],
  teardown: (shared, http) => http.delete(`/sessions/${shared.startedAt}`),
})
