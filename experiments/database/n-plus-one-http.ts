/** Ten profiles asked for one call at a time, against DataLoader, which turns the same ten loads into one call. */
import DataLoader from 'dataloader'
import { defineExperiment, spread } from '../define.ts'

const ids = (from: number) => Array.from({ length: 10 }, (_, index) => from + index)
const profile = (id: number) => ({ id, name: `person ${id}` })
const wait = async () => new Promise(resolve => setTimeout(resolve, 4))

interface Team {
  readonly Params: { readonly id: string }
}

export const experiment = defineExperiment({
  practice: 'n-plus-one-http',
  database: 'CREATE TABLE unused (id int)',
  upstream(server) {
    server.get<{ Params: { id: string } }>('/profiles/:id', async request => {
      await wait()
      return profile(Number(request.params.id))
    })
    server.get<{ Querystring: { ids: string } }>('/profiles', async request => {
      await wait()
      return request.query.ids.split(',').map(id => profile(Number(id)))
    })
  },
  requests: [{ route: 'GET /teams/:id', paths: spread(5_000, id => `/teams/${id}`) }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: {
    app(server, { upstreamPort }) {
      server.get<Team>('/teams/:id', async request => {
        const people = []
        for (const id of ids(Number(request.params.id))) {
          const answer = await fetch(`http://127.0.0.1:${upstreamPort}/profiles/${id}`)
          people.push(await answer.json())
        }
        return people
      })
    },
  },
  after: {
    app(server, { upstreamPort }) {
      server.get<Team>('/teams/:id', async request => {
        const profiles = new DataLoader<number, unknown>(async keys => {
          const answer = await fetch(`http://127.0.0.1:${upstreamPort}/profiles?ids=${keys.join(',')}`)
          return (await answer.json()) as unknown[]
        })
        return profiles.loadMany(ids(Number(request.params.id)))
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})
