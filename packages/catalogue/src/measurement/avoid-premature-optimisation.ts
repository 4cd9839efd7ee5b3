/** Work that was added to make something faster and is proved to return nothing: answers compressed that do not become smaller, changes without a difference. */
import { ask, definePractice, type Fact, type Finding, findings, fingerprintOf, pass } from '@whetstone/model'
import { dayOf } from '../derive/earlier-tests.ts'
import { bytesText, countText, fact, percentText } from '../derive/figures.ts'
import { readAnswers, type RouteAnswers } from '../derive/http-answers.ts'

export const avoidPrematureOptimisation = definePractice({
  id: 'avoid-premature-optimisation',
  chapter: 'measurement',
  title: 'Avoid premature optimisation',
  why: 'Each cache, worker and encoding has to be understood, tested and paid for at every request; where it returns nothing, that is all it does.',
  unless: ['It is there for another reason than speed: isolation, a contract, the size of a bill.'],
  sources: ['https://doi.org/10.1145/356635.356640', 'https://www.rfc-editor.org/rfc/rfc9110#section-8.4'],
  needs: [],
  optional: ['http-probe', 'history'],
  thresholds: {
    bodyBytes: { value: 20_000, unit: 'bytes', source: 'a fifth of a millisecond of gzip: below, nobody would notice' },
    keptFraction: {
      value: 0.97,
      unit: 'fraction',
      source: 'of the size without it: images, archives and ciphertext are compressed already',
    },
    recent: { value: 3, unit: 'count', source: 'the comparisons of the change under way' },
  },
  remedy: {
    summary: 'Take out what returns nothing, and measure that nothing is lost.',
    library: 'whetstone trial',
    example: {
      language: 'ts',
      before: `app.use(compression({ filter: () => true })) // JPEG as well: 412 kB become 411 kB`,
      after: `app.use(compression()) // asks whether the type can become smaller`,
    },
  },
  detect({ 'http-probe': probes, history }, thresholds) {
    const vain = (probes ? readAnswers(probes) : []).flatMap(answers => vainly(answers, thresholds) ?? [])
    if (vain.length > 0) return findings(vain.map(describe))
    const equal = (history?.trials ?? [])
      .slice(-thresholds.recent)
      .findLast(({ verdict, tooNoisy }) => verdict === 'equal' && !tooNoisy)
    if (!equal) return pass([], 'nothing that was measured returns nothing for its work')
    return ask(
      `The change compared on ${dayOf(equal.startedAt)} made no difference in ${countText(equal.pairs)} pairs. Was it for speed, and is it still there?`,
      [fact('interleaved pairs', equal.pairs, 'count', 'history')],
    )
  },
})

interface Vain {
  readonly route: string
  readonly encoding: string
  readonly plainBytes: number
  readonly encodedBytes: number
}

/** The same body both times: of another one the size says nothing. */
function vainly(
  { route, plain, compressed }: RouteAnswers,
  { bodyBytes, keptFraction }: { readonly bodyBytes: number; readonly keptFraction: number },
): Vain | undefined {
  const encoding = compressed?.headers['content-encoding']
  if (!compressed || encoding === undefined || encoding === 'identity') return undefined
  if (plain.headers['content-encoding'] !== undefined || plain.bodyHash !== compressed.bodyHash) return undefined
  // Kept compressed somewhere, it costs nothing at a request.
  if (compressed.headers['age'] !== undefined || compressed.headers['x-cache'] !== undefined) return undefined
  if (plain.wireBytes < bodyBytes || compressed.wireBytes < plain.wireBytes * keptFraction) return undefined
  return { route, encoding, plainBytes: plain.wireBytes, encodedBytes: compressed.wireBytes }
}

function describe({ route, encoding, plainBytes, encodedBytes }: Vain): Finding {
  const where = { route, resource: encoding }
  const facts: readonly Fact[] = [
    fact('without compression', plainBytes, 'bytes', 'http-probe'),
    fact(`with ${encoding}`, encodedBytes, 'bytes', 'http-probe'),
  ]
  return {
    fingerprint: fingerprintOf('avoid-premature-optimisation', where),
    practice: 'avoid-premature-optimisation',
    title: `${encoding} at every request, and ${bytesText(plainBytes)} stay ${bytesText(encodedBytes)}`,
    where,
    facts,
    confidence: 'measured',
    remedy: {
      summary: 'Send it as it is.',
      steps: [
        `The answer keeps ${percentText(encodedBytes / plainBytes)} of its size: what it holds is compressed or encrypted already.`,
        'Let the type decide: image/*, video/*, font/woff2, application/zip and octet-stream go out as they are.',
        'Measure that nothing is lost: whetstone trial with both versions.',
      ],
      code: {
        language: 'ts',
        before: `await app.register(compress, { customTypes: /./ })`,
        after: `await app.register(compress) // by type: text, JSON, XML`,
      },
    },
  }
}
