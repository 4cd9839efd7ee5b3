import { describe, expect, it } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { Workload } from '@whetstone/model'
import { bookDatabase, fixturePath } from '../measure/probe/testing/observe-fixture.ts'
import { commandArm } from './arm.ts'

const routeOf = (route: string, ...paths: string[]): Workload['routes'][number] => ({
  route,
  weight: paths.length,
  requests: paths.map(path => ({ method: 'GET', path, headers: {} })),
})

describe('queries of an arm', () => {
  it('are counted by route, under the probe, and leave out what varies by itself', async () => {
    const postgres = await startPostgres()
    try {
      const arm = commandArm('fastify', {
        command: [process.execPath, fixturePath('probe-services/fastify-pg.mjs')],
        env: { DATABASE_URL: await bookDatabase(postgres) },
        countsQueries: true,
      })
      const workload = {
        routes: [routeOf('GET /authors/:id', '/authors/1'), routeOf('GET /authors/:id/books', '/authors/2/books')],
        skipped: [],
      }
      expect(await arm.countQueries?.(workload)).toEqual([
        { route: 'overall', name: 'queriesPerRequest', value: 11 },
        { route: 'GET /authors/:id', name: 'queriesPerRequest', value: 1 },
        { route: 'GET /authors/:id/books', name: 'queriesPerRequest', value: 21 },
      ])
    } finally {
      await postgres.stop()
    }
  })

  it('are not known of a service without a probe', async () => {
    const arm = commandArm('other', {
      command: ['/bin/sh', '-c', `NODE_OPTIONS= exec ${process.execPath} -e "${server}"`],
      countsQueries: true,
    })
    expect(await arm.countQueries?.({ routes: [routeOf('GET /', '/')], skipped: [] })).toEqual([])
  })
})

const server = `require('node:http').createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')`
