/** Calls ending in Sync that stop every other request while one of them waits for a file, a hash or a process. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { asyncFormOf } from '../derive/async-forms.ts'
import { type BlockingCall, readBlockingCalls } from '../derive/blocking-calls.ts'
import { countText, fact, msText } from '../derive/figures.ts'

export const syncIo = definePractice({
  id: 'sync-io',
  chapter: 'application',
  title: 'Use async, non-blocking I/O',
  why: 'Node answers all requests on one thread: while a Sync call runs, nobody else is served, and a pool of worker threads stands idle.',
  unless: [
    'It runs at start-up, before the server listens.',
    'It takes microseconds: statSync of a cached file is cheaper than the promise.',
    'The process serves one request at a time anyway (a job, a command).',
  ],
  sources: [
    'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/file-main-thread-io/',
  ],
  needs: ['runtime'],
  optional: ['cpu-profile', 'traces'],
  thresholds: {
    totalMs: { value: 16, unit: 'ms', source: 'Sentry file I/O on the main thread, 16 ms' },
    longestMs: { value: 16, unit: 'ms', source: 'Sentry file I/O on the main thread: one missed frame' },
    msPerRequest: { value: 1, unit: 'ms', source: 'a core then serves at most 1,000 such requests a second' },
    calls: { value: 3, unit: 'count', source: 'one or two calls are a file or module read once and kept' },
  },
  remedy: {
    summary: 'Use the asynchronous form: the work moves to the thread pool and the loop goes on.',
    library: 'node:fs/promises, and promisify for zlib, crypto and child_process',
    example: {
      language: 'ts',
      before: `const key = crypto.pbkdf2Sync(secret, salt, 100_000, 32, 'sha256')`,
      after: `const pbkdf2 = promisify(crypto.pbkdf2)
const key = await pbkdf2(secret, salt, 100_000, 32, 'sha256')`,
    },
  },
  detect({ runtime, 'cpu-profile': profile, traces }, thresholds) {
    if (runtime.processes.length === 0) return notApplicable('no Node process was observed')
    const calls = readBlockingCalls(runtime, profile, traces)
    const heavy = calls.filter(call => {
      if (call.totalMs < thresholds.totalMs) return false
      if (!call.timed) return call.msPerRequest >= thresholds.msPerRequest
      if (call.timed.calls < thresholds.calls) return false
      return call.timed.maxMs >= thresholds.longestMs || call.msPerRequest >= thresholds.msPerRequest
    })
    if (heavy.length > 0) return findings(heavy.map(describe))
    const totalMs = calls.reduce((sum, call) => sum + call.totalMs, 0)
    return pass([fact('time in blocking calls during requests', totalMs, 'ms', 'runtime')])
  },
})

function describe(call: BlockingCall): Finding {
  const { name, route, site, timed } = call
  const where: Where = { ...(route === undefined ? {} : { route }), ...(site ? { site } : {}), resource: name }
  const form = asyncFormOf(name)
  const perCallMs = timed ? call.totalMs / timed.calls : undefined
  const kind = timed ? 'runtime' : 'cpu-profile'
  return {
    fingerprint: fingerprintOf('sync-io', where),
    practice: 'sync-io',
    title: `${name} holds the event loop for ${msText(perCallMs ?? call.msPerRequest)} ${timed ? 'at a time' : 'per request'}`,
    where,
    facts: [
      fact('time per request', call.msPerRequest, 'ms', kind),
      ...(timed && perCallMs !== undefined
        ? [
            fact('one call', perCallMs, 'ms', kind),
            fact('longest call', timed.maxMs, 'ms', kind),
            fact('calls', timed.calls, 'count', kind),
          ]
        : []),
      fact('time in all calls', call.totalMs, 'ms', kind),
    ],
    confidence: 'strong',
    edit: {
      kind: 'demand',
      resource: 'app-cpu',
      ...(route === undefined ? {} : { route }),
      removeMsPerRequest: call.msPerRequest,
      blocking: true,
      offloaded: true,
    },
    remedy: {
      summary: form
        ? `Use the asynchronous ${name.replace(/Sync$/, '')} of ${form.module}.`
        : `Use the asynchronous form of ${name}.`,
      steps: [
        ...(site?.[0] ? [`The call is at ${site[0].file}:${site[0].line}.`] : []),
        `Meanwhile no other request is served; a core cannot pass ${countText(1_000 / Math.max(0.001, perCallMs ?? call.msPerRequest))} of these calls a second.`,
        ...(form?.module === 'node:fs'
          ? ['Where the file does not change, read it once at start-up and keep it.']
          : form
            ? [
                'The work then runs on the thread pool (4 threads; UV_THREADPOOL_SIZE). Where the result does not change, keep it.',
              ]
            : []),
      ],
      ...(form
        ? { code: { language: 'ts' as const, before: `${name}(…)`, after: `${form.importLine}\n\n${form.call}` } }
        : { code: { language: 'ts' as const, before: `${name}(…)`, after: `await ${name.replace(/Sync$/, '')}(…)` } }),
    },
  }
}
