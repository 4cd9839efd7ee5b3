import type { HttpAnswer, HttpProbeEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { history, trialOf } from '../derive/testing/earlier.ts'
import { httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { avoidPrematureOptimisation } from './avoid-premature-optimisation.ts'

const gzip = { 'content-type': 'image/jpeg', 'content-encoding': 'gzip' }
function photo(
  plainBytes: number,
  encodedBytes: number,
  more: Partial<HttpAnswer> = {},
): { readonly 'http-probe': HttpProbeEvidence } {
  const route = 'GET /photo'
  const encoded = httpProbe(route, { wireBytes: encodedBytes, headers: gzip, ...more })
  return {
    'http-probe': httpProbesOf(httpProbe(route, { wireBytes: plainBytes }), {
      ...encoded,
      variation: { kind: 'accept-encoding', value: 'br, gzip' },
    }),
  }
}
const equal = trialOf([], { verdict: 'equal' })

describePractice(avoidPrematureOptimisation, {
  silent: {
    'nothing is known': {},
    'text that becomes a fifth': photo(400_000, 80_000),
    'a photo that is sent as it is': photo(400_000, 400_000, { headers: { 'content-type': 'image/jpeg' } }),
    'a tenth is saved': photo(400_000, 360_000),
    'a small one that even grows': photo(120, 140),
    'another body the second time': photo(400_000, 400_100, { bodyHash: 'other' }),
    'a cache in front keeps it compressed': photo(400_000, 400_100, { headers: { ...gzip, age: '12' } }),
    'an error the second time': photo(400_000, 400_100, { statusCode: 500 }),
    'a change without a difference, which is a question': history({ trials: [equal] }),
  },
  reports: {
    'a photo is compressed at every request': {
      evidence: photo(412_000, 411_800),
      finds: [
        {
          fingerprint: 'avoid-premature-optimisation|GET /photo||gzip',
          practice: 'avoid-premature-optimisation',
          title: 'gzip at every request, and 412 kB stay 412 kB',
          where: { route: 'GET /photo', resource: 'gzip' },
          facts: [
            stated('without compression', 412_000, 'bytes', 'http-probe'),
            stated('with gzip', 411_800, 'bytes', 'http-probe'),
          ],
          confidence: 'measured',
          remedy: expect.objectContaining({ summary: 'Send it as it is.' }),
        },
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it('asks about a change that made no difference, while it is fresh', () => {
    expect(outcomeOf(avoidPrematureOptimisation, history({ trials: [trialOf(), equal] }))).toMatchObject({
      kind: 'ask',
      question:
        'The change compared on 2026-11-20 made no difference in 20 pairs. Was it for speed, and is it still there?',
    })
  })

  it.each([
    ['three others were compared since', [equal, trialOf(), trialOf(), trialOf()]],
    ['the machine was too noisy to tell', [{ ...equal, tooNoisy: true }]],
  ])('passes when %s', (_, trials) => {
    expect(outcomeOf(avoidPrematureOptimisation, history({ trials }))).toMatchObject({ kind: 'pass' })
  })
})
