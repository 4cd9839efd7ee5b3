import type { HttpAnswer, HttpProbe } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../testing/describe-practice.ts'
import { httpProbe, httpProbesOf } from '../testing/evidence.ts'
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
