/** What is said of a scenario before it runs. */
import { expect, it } from 'vitest'
import { compileScenario } from './compile.ts'
import { csv, generate, list, range } from './data/feeder.ts'
import { call, flow, get, post, scenario } from './define.ts'
import { describeScenario } from './describe.ts'
import { events } from './channel/talk.ts'
import { think } from './think-time.ts'

it('names flows with their shares and steps, and what feeds them', () => {
  const compiled = compileScenario(
    scenario({
      name: 'shop',
      target: 'http://127.0.0.1:3000',
      auth: { token: () => 't' },
      data: {
        item: csv('gone.csv'),
        voucher: list(['a', 'b'], { order: 'once' }),
        signature: generate(() => 1),
        unused: range(1, 9),
      },
      flows: [
        flow('browse', { weight: 9 }, [
          get('/items', { expect: { status: 200 } }),
          think('1s'),
          get('/items/{item.id}'),
          ...Array.from({ length: 9 }, (_, page) => get(`/pages/${page}`)),
        ]),
        flow('redeem', { weight: 0.99 }, [post('/vouchers/{voucher}/{signature}'), events('/live')]),
        flow('rare', { weight: 0.01 }, [get('/p/{page}', { auth: false, with: { page: range(1, 200) } })]),
      ],
    }),
    { target: { host: '127.0.0.1', port: 3000 }, seed: 1, folder: '/', now: () => 0 },
  )
  expect(describeScenario(compiled)).toMatchInlineSnapshot(`
    "shop, for http://127.0.0.1:3000
      browse  90 %   GET /items → think → GET /items/:id → GET /pages/0 → GET /pages/1 → GET /pages/2 → GET /pages/3 → GET /pages/4 → 4 more
      redeem  10 %   POST /vouchers/:voucher/:signature → SSE /live
      rare    0.1 %  GET /p/:page, 200 different requests
    data
      item       gone.csv    in turn
      voucher    a list      2 rows, each once
      signature  a function  in turn
      page       1 to 200    200 rows, in turn
    2 checks"
  `)
})

it('is brief about a small one', () => {
  const compiled = compileScenario(scenario({ name: 'one', flows: [flow('only', [call('work', () => undefined)])] }), {
    target: { host: '127.0.0.1', port: 3000 },
    seed: 1,
    folder: '/',
    now: () => 0,
  })
  expect(describeScenario(compiled)).toMatchInlineSnapshot(`
    "one
      only  100 %  work"
  `)
})
