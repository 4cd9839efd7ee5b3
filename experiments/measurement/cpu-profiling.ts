/** A loop inside a loop that the profile names, against a set that answers the same question at once. */
import { defineExperiment, spread } from '../define.ts'

const known = Array.from({ length: 6_000 }, (_, index) => `item-${(index * 7_919) % 9_000}`)

function wantedFor(seed: number): string[] {
  return Array.from({ length: 300 }, (_, index) => `item-${(index * 104_729 + seed) % 9_000}`)
}

function missingByList(wanted: readonly string[]): number {
  let missing = 0
  for (const name of wanted) {
    let found = false
    for (const other of known) if (other === name) found = true
    if (!found) missing++
  }
  return missing
}

const knownNames = new Set(known)

function missingBySet(wanted: readonly string[]): number {
  let missing = 0
  for (const name of wanted) if (!knownNames.has(name)) missing++
  return missing
}

interface Check {
  readonly Querystring: { readonly seed: string }
}

export const experiment = defineExperiment({
  practice: 'cpu-profiling',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /check', paths: spread(1_000, id => `/check?seed=${id}`) }],
  load: { ratePerSecond: 30, durationMs: 12_000 },
  before: {
    app(server) {
      server.get<Check>('/check', ({ query }) => ({ missing: missingByList(wantedFor(Number(query.seed))) }))
    },
  },
  after: {
    app(server) {
      server.get<Check>('/check', ({ query }) => ({ missing: missingBySet(wantedFor(Number(query.seed))) }))
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
