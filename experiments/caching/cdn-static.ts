/** Readers 40 ms from the service: each file fetched over that way, against nginx as the cache of a CDN beside the reader. */
import { defineExperiment } from '../define.ts'
import { farFiles, farService, nginxBefore, reader } from '../far-service.ts'

export const experiment = defineExperiment({
  practice: 'cdn-static',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /assets/:file', paths: farFiles }],
  load: { ratePerSecond: 60, durationMs: 8_000 },
  upstream: farService,
  before: { app: reader(way => way) },
  after: { app: reader(nginxBefore) },
  answer: 'same',
  // Half the time, as the roadmap promises.
  expects: { metric: 'p50', atLeast: 2 },
})
