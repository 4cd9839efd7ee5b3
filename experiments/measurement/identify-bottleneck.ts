/** One event loop that is full although no function takes much of it, against a page that is put together once for each key. */
import { defineExperiment } from '../define.ts'

const steps = 120_000
type Part = (seed: number) => number

/** Twelve parts of a page, each too small to stand out in a profile; a line each, so that both arms stay in sight. */
// prettier-ignore
const parts: readonly Part[] = [
  function head(sum) { for (let at = 0; at < steps; at++) sum = (sum * 31 + at) % 9_973; return sum },
  function menu(sum) { for (let at = 0; at < steps; at++) sum = (sum * 33 + at) % 9_967; return sum },
  function crumbs(sum) { for (let at = 0; at < steps; at++) sum = (sum * 35 + at) % 9_949; return sum },
  function title(sum) { for (let at = 0; at < steps; at++) sum = (sum * 37 + at) % 9_941; return sum },
  function price(sum) { for (let at = 0; at < steps; at++) sum = (sum * 39 + at) % 9_931; return sum },
  function stock(sum) { for (let at = 0; at < steps; at++) sum = (sum * 41 + at) % 9_929; return sum },
  function text(sum) { for (let at = 0; at < steps; at++) sum = (sum * 43 + at) % 9_923; return sum },
  function images(sum) { for (let at = 0; at < steps; at++) sum = (sum * 45 + at) % 9_907; return sum },
  function reviews(sum) { for (let at = 0; at < steps; at++) sum = (sum * 47 + at) % 9_901; return sum },
  function offers(sum) { for (let at = 0; at < steps; at++) sum = (sum * 49 + at) % 9_887; return sum },
  function basket(sum) { for (let at = 0; at < steps; at++) sum = (sum * 51 + at) % 9_883; return sum },
  function foot(sum) { for (let at = 0; at < steps; at++) sum = (sum * 53 + at) % 9_871; return sum },
]
const page = (id: number) => parts.map(part => part(id))

interface Page {
  readonly Params: { readonly id: string }
}

export const experiment = defineExperiment({
  practice: 'identify-bottleneck',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /pages/:id', paths: Array.from({ length: 40 }, (_, id) => `/pages/${id}`) }],
  load: { ratePerSecond: 160, durationMs: 10_000 },
  before: {
    app(server) {
      server.get<Page>('/pages/:id', ({ params }) => page(Number(params.id)))
    },
  },
  after: {
    app(server) {
      const kept = new Map<number, number[]>()
      server.get<Page>('/pages/:id', ({ params }) => {
        const id = Number(params.id)
        const known = kept.get(id) ?? page(id)
        if (kept.size < 1_000) kept.set(id, known)
        return known
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 3 },
})
