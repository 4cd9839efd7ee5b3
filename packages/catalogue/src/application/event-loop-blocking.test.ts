import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { blocked, own, profileOf, repeated, secondsOf } from '../derive/testing/profile.ts'
import { eventLoopBlocking } from './event-loop-blocking.ts'

const summarise = profileOf([
  [1, undefined, own('handler', 5), 20],
  [
    2,
    1,
    {
      ...own('summarise', 40),
      lines: [
        [44, 350],
        [46, 50],
      ],
    },
    400,
  ],
])
const traces = tracesOf(times(100, trace('GET /report', 250, [])), {
  'GET /report': { site: [{ file: 'src/report.ts', line: 5, column: 10, function: 'handler' }] },
})

describePractice(eventLoopBlocking, {
  silent: {
    'a quiet loop': { runtime: secondsOf(repeated(10, {})) },
    'an idle server on a busy host': {
      runtime: secondsOf(
        repeated(10, { ...blocked, requests: 0, cpuUserMs: 2, cpuSystemMs: 1, eventLoopUtilisationFraction: 0.01 }),
      ),
    },
    'late, but its own CPU was hardly used: the host was busy': {
      runtime: secondsOf(repeated(10, { ...blocked, cpuUserMs: 40, cpuSystemMs: 5 })),
    },
    'half busy, and late for want of a CPU: no request burnt more than 25 ms of it': {
      runtime: secondsOf(repeated(10, { ...blocked, eventLoopOwnDelayMaxMs: 25, cpuWaitMs: 320 })),
      'cpu-profile': summarise,
      traces,
    },
    'late, but its loop was mostly waiting': {
      runtime: secondsOf(repeated(10, { ...blocked, eventLoopUtilisationFraction: 0.1 })),
    },
    'late seconds without a request': { runtime: secondsOf(repeated(10, { ...blocked, requests: 0 })) },
    'the pauses are garbage collection': { runtime: secondsOf(repeated(10, { ...blocked, gcMaxPauseMs: 240 })) },
    'late on a busy host, while its functions took a tenth of that time': {
      runtime: secondsOf(repeated(10, { ...blocked, eventLoopDelayP99Ms: 57, eventLoopDelayMaxMs: 57, cpuUserMs: 45 })),
      'cpu-profile': profileOf([
        [1, undefined, own('handle', 153), 5],
        [2, undefined, own('find', 749), 2],
        ...Array.from({ length: 36 }, (_, at) => [at + 3, undefined, own(`other${at}`, at + 1), 1] as const),
      ]),
    },
    'one hold-up in ten seconds': { runtime: secondsOf([...repeated(9, {}), blocked]), 'cpu-profile': summarise },
    'two seconds measured in all': { runtime: secondsOf([blocked, blocked]), 'cpu-profile': summarise },
    'a busy loop of short requests': {
      runtime: secondsOf(
        repeated(10, {
          eventLoopUtilisationFraction: 0.97,
          cpuUserMs: 960,
          eventLoopDelayP99Ms: 22,
          eventLoopDelayMaxMs: 40,
        }),
      ),
    },
    'a blocking call explains it, and has a practice of its own': {
      runtime: secondsOf(repeated(10, blocked), [
        {
          name: 'crypto.pbkdf2Sync',
          route: 'GET /invoices/:id',
          site: siteAt(31),
          calls: 20,
          totalMs: 5_000,
          maxMs: 290,
        },
      ]),
    },
    'serialisation explains it, and has a practice of its own': {
      runtime: secondsOf(repeated(10, blocked)),
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 10],
        [2, 1, { function: 'stringify' }, 400],
      ]),
    },
    'serialisation that V8 charges to the framework around it': {
      runtime: secondsOf(repeated(10, blocked)),
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 10],
        [2, 1, { function: 'stringify', owner: 'dependency', file: '/app/node_modules/express/lib/response.js' }, 400],
      ]),
    },
    'nothing measured': { runtime: secondsOf([]) },
  },
  reports: {
    'a long loop, with its hottest line and its route': {
      evidence: { runtime: secondsOf([...repeated(4, blocked), ...repeated(6, {})]), 'cpu-profile': summarise, traces },
      finds: [
        {
          fingerprint: 'event-loop-blocking|GET /report|src/report.ts#summarise|',
          practice: 'event-loop-blocking',
          title: 'summarise holds the event loop up for as long as 300 ms',
          where: {
            route: 'GET /report',
            site: [{ file: 'src/report.ts', line: 44, column: 1, function: 'summarise' }],
          },
          facts: [
            {
              label: 'seconds held up by its own work',
              quantity: { value: 0.4, unit: 'fraction' },
              evidence: { kind: 'runtime' },
            },
            { label: 'longest hold-up', quantity: { value: 300, unit: 'ms' }, evidence: { kind: 'runtime' } },
            {
              label: 'event-loop utilisation, median',
              quantity: { value: 0.2, unit: 'fraction' },
              evidence: { kind: 'runtime' },
            },
            {
              label: 'share of the CPU',
              quantity: { value: 0.9524, unit: 'fraction' },
              evidence: { kind: 'cpu-profile' },
            },
            { label: 'CPU per request', quantity: { value: 40, unit: 'ms' }, evidence: { kind: 'cpu-profile' } },
          ],
          confidence: 'strong',
          edit: {
            kind: 'demand',
            resource: 'app-cpu',
            route: 'GET /report',
            removeMsPerRequest: 40,
            blocking: true,
            offloaded: true,
          },
          remedy: {
            summary: 'Keep summarise off the event loop.',
            steps: expect.arrayContaining(['It runs at src/report.ts:44 and takes 95 % of the CPU.']),
            code: { language: 'ts', after: expect.stringContaining('await pause()') },
          },
        },
      ],
    },
    'a long loop on a machine that is busy besides: the delay is the CPU it burnt': {
      evidence: {
        runtime: secondsOf([
          ...repeated(4, { ...blocked, eventLoopOwnDelayMaxMs: 140, cpuWaitMs: 400 }),
          ...repeated(6, { ...blocked, eventLoopOwnDelayMaxMs: 12, cpuWaitMs: 400 }),
        ]),
        'cpu-profile': summarise,
        traces,
      },
      finds: [expect.objectContaining({ title: 'summarise holds the event loop up for as long as 140 ms' })],
    },
    'several functions of one cause are one finding, named by the largest': {
      evidence: {
        runtime: secondsOf(repeated(10, blocked)),
        'cpu-profile': profileOf([
          [1, undefined, own('list', 49), 10],
          // A tick or two of its own do not make that line the place: the time is spent in what it calls.
          [2, 1, { function: 'cloneDeep', owner: 'dependency', file: '/app/node_modules/lodash/lodash.js' }, 300],
          [3, undefined, own('render', 45), 2],
          [4, 3, { function: 'update' }, 120],
        ]),
      },
      finds: [
        expect.objectContaining({
          where: { site: [expect.objectContaining({ function: 'list', line: 49 })] },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringMatching(/^Then render at .*:45, with 28 % of the CPU\.$/)]),
          }),
        }),
      ],
    },
    'held up, and nothing names the function': {
      evidence: { runtime: secondsOf(repeated(10, blocked)) },
      finds: [
        expect.objectContaining({
          title: 'the event loop is held up for as long as 300 ms',
          where: { resource: 'event loop' },
          confidence: 'suspected',
        }),
      ],
    },
  },
})
