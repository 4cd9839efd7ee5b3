import type { HttpAnswer, HttpProbe } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { loadOf, routeLoad } from '../derive/testing/load.ts'
import { payloadLimits } from './payload-limits.ts'

const document = (bodyBytes: number, durationMs: number, more: Partial<HttpAnswer> = {}): HttpProbe =>
  httpProbe('GET /map', {
    bodyBytes,
    wireBytes: bodyBytes,
    durationMs,
    json: { kind: 'object', keys: ['id'] },
    ...more,
  })
const upload = (bytes: number, statusCode: number): HttpProbe => ({
  ...httpProbe('POST /notes', { statusCode, durationMs: 150 }),
  variation: { kind: 'body-bytes', bytes },
})

describePractice(payloadLimits, {
  silent: {
    'small answers': { 'http-probe': httpProbesOf(document(2_000, 5)) },
    'large and fast': { 'http-probe': httpProbesOf(document(900_000, 40)) },
    'slow and small': { 'http-probe': httpProbesOf(document(3_000, 400)) },
    'a long list, which is about pages': {
      'http-probe': httpProbesOf(document(900_000, 400, { json: { kind: 'array', items: 5_000, keys: ['id'] } })),
    },
    'a download': {
      'http-probe': httpProbesOf(
        document(900_000, 400, {
          headers: { 'content-type': 'application/json', 'content-disposition': 'attachment' },
        }),
      ),
    },
    'a file that is no JSON': {
      'http-probe': httpProbesOf(
        httpProbe('GET /photo', { bodyBytes: 4e6, durationMs: 300, headers: { 'content-type': 'image/jpeg' } }),
      ),
    },
    'a large body is refused': { 'http-probe': httpProbesOf(document(2_000, 5), upload(20_000_000, 413)) },
    'a large body is refused as too long for a field': {
      'http-probe': httpProbesOf(document(2_000, 5), upload(20_000_000, 400)),
    },
    'a body of a megabyte is accepted': { 'http-probe': httpProbesOf(document(2_000, 5), upload(1_000_000, 201)) },
    'a route that takes bodies has refused a large one': {
      'http-probe': httpProbesOf(document(2_000, 5), upload(20_000_000, 413)),
      'load-curve': loadOf([routeLoad('GET /map', [5]), routeLoad('POST /notes', [5])]),
    },
    'only reads were called': {
      'http-probe': httpProbesOf(document(2_000, 5)),
      'load-curve': loadOf([routeLoad('GET /map', [5]), routeLoad('DELETE /notes/:id', [5])]),
    },
    'a failing route': { 'http-probe': httpProbesOf(document(900_000, 400, { statusCode: 502 })) },
    'nothing probed': { 'http-probe': httpProbesOf() },
  },
  reports: {
    'one document of a megabyte': {
      evidence: { 'http-probe': httpProbesOf(document(1_200_000, 340)) },
      finds: [
        {
          fingerprint: 'payload-limits|GET /map||',
          practice: 'payload-limits',
          title: 'one answer of 1.2 MB, 340 ms',
          where: { route: 'GET /map' },
          facts: [
            { label: 'body', quantity: { value: 1_200_000, unit: 'bytes' }, evidence: { kind: 'http-probe' } },
            { label: 'time for it', quantity: { value: 340, unit: 'ms' }, evidence: { kind: 'http-probe' } },
          ],
          confidence: 'strong',
          edit: { kind: 'bytes', route: 'GET /map', bytesBefore: 1_200_000, bytesAfter: 600_000 },
          remedy: expect.objectContaining({ summary: 'Send the parts a client uses, and let it ask for the rest.' }),
        },
      ],
    },
    'a route the user has allowed to write is asked whether it takes a large body': {
      evidence: {
        'http-probe': httpProbesOf(document(2_000, 5)),
        'load-curve': loadOf([
          routeLoad('POST /notes', [5]),
          routeLoad('POST /graphql First', [5]),
          routeLoad('POST /graphql Second', [5]),
        ]),
      },
      asks: [
        { kind: 'http-probe', route: 'POST /notes', variation: { kind: 'body-bytes', bytes: 10_000_000 } },
        { kind: 'http-probe', route: 'POST /graphql First', variation: { kind: 'body-bytes', bytes: 10_000_000 } },
      ],
    },
    'twenty megabytes are taken in': {
      evidence: { 'http-probe': httpProbesOf(upload(20_000_000, 201)) },
      finds: [
        expect.objectContaining({
          title: 'a request body of 20 MB is accepted',
          where: { route: 'POST /notes', resource: 'request body' },
          risk: 'outage',
          confidence: 'measured',
        }),
      ],
    },
  },
})

it('says what to type when no request with a body was allowed', () => {
  expect(outcomeOf(payloadLimits, { 'http-probe': httpProbesOf(document(2_000, 5)) })).toEqual({
    kind: 'unknown',
    missing: ['http-probe'],
    why: 'how large a body is accepted is not known: no request that sends one was allowed',
    give: "--request 'POST /path {…}' for a route that may be sent 10 MB",
  })
})
