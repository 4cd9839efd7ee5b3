import type { SyncCall } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { own, profileOf, secondsOf } from '../derive/testing/profile.ts'
import { syncIo } from './sync-io.ts'

const call = (more: Partial<SyncCall> = {}): SyncCall => ({
  name: 'crypto.pbkdf2Sync',
  route: 'GET /invoices/:id',
  site: siteAt(31, 'src/invoices.ts'),
  calls: 100,
  totalMs: 3_000,
  maxMs: 45,
  ...more,
})
const seen = (more: Partial<SyncCall> = {}) => ({ runtime: secondsOf([{}], [call(more)]) })
const invoices = tracesOf(times(200, trace('GET /invoices/:id', 40, [])))
const derive = { ...own('pbkdf2Sync', 1, 'node:internal/crypto/pbkdf2') }

describePractice(syncIo, {
  silent: {
    'no blocking call': { runtime: secondsOf([{}]) },
    'outside any request, as at start-up': {
      runtime: secondsOf([{}], [{ name: 'fs.readFileSync', calls: 100, totalMs: 3_000, maxMs: 45 }]),
    },
    'a job without a route': seen({ route: '' }),
    'a file read once on the first request and kept': seen({
      name: 'fs.readFileSync',
      calls: 1,
      totalMs: 30,
      maxMs: 30,
    }),
    'microseconds at a time': seen({ name: 'fs.statSync', calls: 2_000, totalMs: 60, maxMs: 0.4 }),
    'a few milliseconds in all': seen({ name: 'fs.readFileSync', calls: 10, totalMs: 12, maxMs: 3 }),
    'the profile shows module loading': {
      runtime: secondsOf([{}]),
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 0],
        [2, 1, own('load', 1, 'node:internal/modules/cjs/loader'), 0],
        [3, 2, own('readFileSync', 1, 'node:fs'), 400],
      ]),
    },
    'the profile shows a blocking call of nobody’s code': {
      runtime: secondsOf([{}]),
      'cpu-profile': profileOf([[1, undefined, derive, 400]]),
    },
    'the profile shows a hundredth of a millisecond per request': {
      runtime: secondsOf([{}]),
      'cpu-profile': profileOf(
        [
          [1, undefined, own('handler', 5), 0],
          [2, 1, derive, 3],
        ],
        10_000,
      ),
    },
    'no process was observed': { runtime: { schema: 'runtime@1', processes: [], syncCalls: [call()] } },
  },
  reports: {
    'a key derivation in every request, with its line': {
      evidence: { ...seen(), traces: invoices },
      finds: [
        {
          fingerprint: 'sync-io|GET /invoices/:id|src/invoices.ts#load|pbkdf2Sync',
          practice: 'sync-io',
          title: 'pbkdf2Sync holds the event loop for 30 ms at a time',
          where: { route: 'GET /invoices/:id', site: siteAt(31, 'src/invoices.ts'), resource: 'pbkdf2Sync' },
          facts: [
            { label: 'time per request', quantity: { value: 15, unit: 'ms' }, evidence: { kind: 'runtime' } },
            { label: 'one call', quantity: { value: 30, unit: 'ms' }, evidence: { kind: 'runtime' } },
            { label: 'longest call', quantity: { value: 45, unit: 'ms' }, evidence: { kind: 'runtime' } },
            { label: 'calls', quantity: { value: 100, unit: 'count' }, evidence: { kind: 'runtime' } },
            { label: 'time in all calls', quantity: { value: 3_000, unit: 'ms' }, evidence: { kind: 'runtime' } },
          ],
          confidence: 'strong',
          edit: {
            kind: 'demand',
            resource: 'app-cpu',
            route: 'GET /invoices/:id',
            removeMsPerRequest: 15,
            blocking: true,
            offloaded: true,
          },
          remedy: {
            summary: 'Use the asynchronous pbkdf2 of node:crypto.',
            steps: [
              'The call is at src/invoices.ts:31.',
              'Meanwhile no other request is served; a core cannot pass 33.3 of these calls a second.',
              expect.stringContaining('thread pool'),
            ],
            code: {
              language: 'ts',
              before: 'pbkdf2Sync(…)',
              after: `import { pbkdf2 as pbkdf2Callback } from 'node:crypto'
import { promisify } from 'node:util'

const pbkdf2 = promisify(pbkdf2Callback)

await pbkdf2(…)`,
            },
          },
        },
      ],
    },
    'a file read in every request': {
      evidence: seen({ name: 'fs.readFileSync', calls: 500, totalMs: 900, maxMs: 22 }),
      finds: [
        expect.objectContaining({
          title: 'readFileSync holds the event loop for 1.8 ms at a time',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringContaining('read it once at start-up')]),
          }),
        }),
      ],
    },
    'seen only in the profile': {
      evidence: {
        runtime: secondsOf([{}]),
        'cpu-profile': profileOf([
          [1, undefined, own('sign', 12, 'src/sign.ts'), 0],
          [2, 1, derive, 10],
          [3, 2, { function: 'run' }, 190],
        ]),
      },
      finds: [
        expect.objectContaining({
          title: 'pbkdf2Sync holds the event loop for 20 ms per request',
          where: { site: [{ file: 'src/sign.ts', line: 12, column: 10, function: 'sign' }], resource: 'pbkdf2Sync' },
        }),
      ],
    },
    'timed and in the profile, said once': {
      evidence: {
        ...seen(),
        'cpu-profile': profileOf([
          [1, undefined, own('load', 31, 'src/invoices.ts'), 0],
          [2, 1, derive, 300],
        ]),
      },
      finds: [expect.objectContaining({ where: expect.objectContaining({ route: 'GET /invoices/:id' }) })],
    },
  },
})

describe('the asynchronous form', () => {
  it.each([
    ['zlib.gzipSync', "from 'node:zlib'"],
    ['child_process.execFileSync', "from 'node:child_process'"],
    ['fs.existsSync', 'await access(path)'],
    ['bcrypt.hashSync', 'await hash(…)'],
  ])('of %s is shown as code', (name, words) => {
    const outcome = outcomeOf(syncIo, seen({ name }))
    expect(outcome).toMatchObject({ findings: [{ remedy: { code: { after: expect.stringContaining(words) } } }] })
  })
})
