import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pgOf, pool, runtimeOf, siteAt } from '../derive/testing/evidence.ts'
import { poolTimeouts } from './pool-timeouts.ts'

const dry = { acquireTimeoutMs: 0, waits: 400, waitMs: 8_000, peakInUse: 10, peakWaiting: 30, site: siteAt(2) }

describePractice(poolTimeouts, {
  silent: {
    'no pool': { runtime: runtimeOf([]) },
    'the default of no timeout, and nobody waited': { runtime: runtimeOf([pool({ acquireTimeoutMs: 0 })]) },
    'waits with a timeout': { runtime: runtimeOf([pool({ ...dry, acquireTimeoutMs: 2_000 })]) },
    'waits with a timeout nobody could read': {
      runtime: runtimeOf([pool({ waits: 400, waitMs: 8_000, peakInUse: 10, peakWaiting: 30 })]),
    },
    'two waits of a thousand': { runtime: runtimeOf([pool({ ...dry, waits: 2, waitMs: 40 })]) },
    'waits of a turn of the event loop': { runtime: runtimeOf([pool({ ...dry, waitMs: 40 })]) },
  },
  reports: {
    'a pool that ran dry under load, once for all its processes': {
      evidence: { runtime: runtimeOf([pool(dry)], [pool(dry)]), pg: pgOf({ settings: { statement_timeout: '0' } }) },
      finds: [
        {
          fingerprint: 'pool-timeouts||src/orders.ts#load|pool timeouts',
          practice: 'pool-timeouts',
          title: 'Requests queue for 10 connections without a timeout',
          where: { resource: 'pool timeouts', site: siteAt(2) },
          facts: [
            expect.objectContaining({ label: 'acquisitions that waited', quantity: { value: 400, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0.4, unit: 'fraction' } }),
            expect.objectContaining({ label: 'mean wait', quantity: { value: 20, unit: 'ms' } }),
            expect.objectContaining({ label: 'most waiting at once', quantity: { value: 30, unit: 'count' } }),
            expect.objectContaining({ label: 'acquire timeout', quantity: { value: 0, unit: 'ms' } }),
          ],
          confidence: 'suspected',
          risk: 'outage',
          remedy: expect.objectContaining({
            code: {
              language: 'ts',
              before: 'new Pool({ max: 10 })',
              after: 'new Pool({ max: 10, connectionTimeoutMillis: 2_000, statement_timeout: 10_000 })',
            },
          }),
        },
      ],
    },
    'the pool that an ORM made is told in its words': {
      evidence: {
        runtime: runtimeOf(
          [pool({ ...dry, madeBy: 'prisma' })],
          [pool({ ...dry, madeBy: 'typeorm', site: siteAt(9, 'other') })],
        ),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: expect.objectContaining({
              after:
                'new PrismaPg({ connectionString: url, max: 10, connectionTimeoutMillis: 2_000, statement_timeout: 10_000 })',
            }),
          }),
        }),
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: expect.objectContaining({
              after: `new DataSource({ type: 'postgres', url, extra: { max: 10, connectionTimeoutMillis: 2_000, statement_timeout: 10_000 } })`,
            }),
          }),
        }),
      ],
    },
    'statements are bounded by the server': {
      evidence: { runtime: runtimeOf([pool(dry)]), pg: pgOf({ settings: { statement_timeout: '30s' } }) },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: expect.objectContaining({ after: 'new Pool({ max: 10, connectionTimeoutMillis: 2_000 })' }),
          }),
        }),
      ],
    },
  },
})
