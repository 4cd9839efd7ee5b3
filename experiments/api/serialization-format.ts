/** Every field of every row turned to text on each request, against a response schema with the four that clients read. */
import { contractChange, defineExperiment, spread } from '../define.ts'

const ROWS = 1_500
const FIELDS = 40

function rowsFrom(first: number): Record<string, number>[] {
  return Array.from({ length: ROWS }, (_, row) =>
    Object.fromEntries(Array.from({ length: FIELDS }, (_, field) => [`field${field}`, (first + row) * FIELDS + field])),
  )
}

const rows = rowsFrom(1)
const integer = { type: 'integer' } as const
const properties = { field0: integer, field1: integer, field2: integer, field3: integer }
const schema = { response: { 200: { type: 'array', items: { type: 'object', properties } } } }

export const experiment = defineExperiment({
  practice: 'serialization-format',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /measurements', paths: spread(1_000, id => `/measurements?device=${id}`) }],
  load: { ratePerSecond: 25, durationMs: 10_000 },
  before: {
    app(server) {
      server.get('/measurements', () => rows)
    },
  },
  after: {
    app(server) {
      server.get('/measurements', { schema }, () => rows)
    },
  },
  answer: contractChange('only the four fields that clients read are sent'),
  expects: { metric: 'p50', atLeast: 2 },
})
