/** The same reader and the same nginx: how many of the requests still reach the service. */
import { defineDrill } from '../define.ts'
import { farFiles, farService, nginxBefore, reader } from '../far-service.ts'

export const experiment = defineDrill({
  practice: 'cdn-static',
  drill: 'loads',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /assets/:file', paths: farFiles }],
  load: { ratePerSecond: 60, durationMs: 8_000 },
  upstream: farService,
  before: { app: reader(way => way) },
  after: { app: reader(nginxBefore) },
  expects: { atLeast: 5 },
})
