/** What a real test asks for, on one request: a feeder, a template, checks of status and body, and a value kept from the answer. */
import { contains, flow, get, jsonPath, list, scenario } from '@whetstone/load'

export default scenario({
  name: 'full',
  data: { item: list(Array.from({ length: 5_000 }, (_, index) => ({ id: index + 1 }))) },
  flows: [
    flow('item', [
      get('/items/{item.id}', {
        name: 'GET /items/:id',
        expect: { status: 200, body: contains('"name"') },
        extract: { price: jsonPath('$.price') },
      }),
    ]),
  ],
})
