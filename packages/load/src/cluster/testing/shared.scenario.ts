/** A scenario whose users need what setup gave, and draw their rows by their arrival: what several workers must agree on. */
import { flow, get, range, scenario } from '../../scenario/words.ts'

export default scenario({
  name: 'shared',
  setup: async http => ({ token: `t${(await http.get('/setup')).status}` }),
  teardown: async (shared, http) => await http.get(`/teardown/${shared.token}`),
  data: { item: range(1, 100) },
  flows: [flow('item', [get('/items/{item}?token={shared.token}', { name: 'GET /items/:id' })])],
})
