/** Files whose name changes with their content, and which browsers are nevertheless told to ask for again. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type SourceEvidence,
} from '@whetstone/model'
import { isAsset, isNamedByContent } from '../derive/assets.ts'
import { bytesText, fact } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import { cacheControlOf, isStable, readAnswers, type RouteAnswers, varyOf } from '../derive/http-answers.ts'

const daySeconds = 86_400

export const clientSideCaching = definePractice({
  id: 'client-side-caching',
  chapter: 'caching',
  title: 'Let clients cache',
  why: 'What a browser holds and need not ask about costs nobody anything on every visit but the first: no bytes, no request, no wait.',
  unless: [
    'The name of the file stays when its content changes: then let clients ask, with an ETag.',
    'Visitors come once and load each file once.',
    'The file must be gone for everybody at once when it is withdrawn.',
  ],
  sources: [
    'https://www.rfc-editor.org/rfc/rfc8246',
    'https://web.dev/articles/http-cache',
    'https://developer.chrome.com/docs/lighthouse/performance/uses-long-cache-ttl',
  ],
  needs: ['http-probe'],
  optional: ['source'],
  thresholds: {
    freshDays: {
      value: 30,
      unit: 'count',
      source: 'our own: Lighthouse finds that of shorter lifetimes many visitors come back too late',
    },
    bodyBytes: { value: 1_000, unit: 'bytes', source: 'below, the request costs more than the file, and both little' },
  },
  remedy: {
    summary: 'Send files that carry a hash in their name with max-age of a year and immutable.',
    library: '@whetstone/runtime/cache/http cacheControl, or the options of the static middleware',
    example: {
      language: 'http',
      before: `GET /assets/app.3f9a1c2b.js\n\n200 OK\ncache-control: public, max-age=0`,
      after: `GET /assets/app.3f9a1c2b.js\n\n200 OK\ncache-control: public, max-age=31536000, immutable`,
    },
    withRuntime: `import { cacheControl } from '@whetstone/runtime/cache/http'
reply.header('cache-control', cacheControl.immutable()) // of files named by their content, and of nothing else`,
  },
  detect({ 'http-probe': evidence, source }, thresholds) {
    const answers = readAnswers(evidence).filter(({ plain }) => isAsset(plain))
    if (answers.length === 0) return notApplicable('no route that was probed serves files for browsers')
    const named = answers.filter(({ url }) => isNamedByContent(url))
    if (named.length === 0) return notApplicable('no file carries a hash of its content in its name')
    const found = named.filter(
      answer =>
        answer.plain.bodyBytes >= thresholds.bodyBytes &&
        isForEverybody(answer) &&
        isStable(answer) &&
        freshSeconds(answer) < thresholds.freshDays * daySeconds,
    )
    return found.length > 0
      ? findings(found.map(answer => findingOf(answer, source)))
      : pass([fact('files kept by browsers', named.length, 'count', 'http-probe')])
  },
})

function isForEverybody({ plain, authorised }: RouteAnswers): boolean {
  const isPersonal =
    authorised || 'set-cookie' in plain.headers || varyOf(plain).some(name => /cookie|authorization|\*/.test(name))
  // Said on purpose, whoever it was.
  return !isPersonal && !cacheControlOf(plain).has('no-store')
}

function freshSeconds({ plain }: RouteAnswers): number {
  const control = cacheControlOf(plain)
  if (control.has('no-cache')) return 0
  const said = control.get('max-age')
  if (said !== undefined) return Number(said) || 0
  const [expires, date] = [plain.headers['expires'], plain.headers['date']].map(text => Date.parse(text ?? ''))
  return Math.max(0, ((expires ?? NaN) - (date ?? NaN)) / 1_000) || 0
}

function findingOf(answer: RouteAnswers, source: SourceEvidence | undefined): Finding {
  const { route, plain } = answer
  const where = { route }
  const seconds = freshSeconds(answer)
  return {
    fingerprint: fingerprintOf('client-side-caching', where),
    practice: 'client-side-caching',
    title: `a file named by its content, ${bytesText(plain.wireBytes)}, that browsers ask for again ${seconds < 60 ? 'on every visit' : 'after a while'}`,
    where,
    facts: [
      fact('transferred again', plain.wireBytes, 'bytes', 'http-probe'),
      fact('kept by browsers for', seconds / daySeconds, 'count', 'http-probe'),
    ],
    // How many visitors come back is not in the evidence.
    confidence: 'strong',
    edit: { kind: 'bytes', route, bytesBefore: plain.wireBytes, bytesAfter: 0 },
    remedy: {
      summary: 'Let browsers keep it for a year without asking.',
      steps: [
        'Its name is made of its content: a new version has a new name, so the old one can never be wrong.',
        'Only for these files. The page that names them must be asked for on every visit: no-cache, with an ETag.',
      ],
      code: { language: 'ts', after: codeFor(source) },
    },
  }
}

function codeFor(source: SourceEvidence | undefined): string {
  switch (frameworkOf(source)) {
    case 'fastify':
      return `await app.register(fastifyStatic, { root, prefix: '/assets/', maxAge: '1y', immutable: true })`
    case 'express':
      return `app.use('/assets', express.static(root, { maxAge: '1y', immutable: true }))`
    case 'koa':
      return `app.use(mount('/assets', serve(root, { maxAge: 31_536_000_000, immutable: true })))`
    case 'hono':
      return `app.use('/assets/*', async (c, next) => {
  await next()
  if (c.res.ok) c.header('cache-control', 'public, max-age=31536000, immutable')
})`
    case undefined:
      return `response.setHeader('cache-control', 'public, max-age=31536000, immutable')`
  }
}
