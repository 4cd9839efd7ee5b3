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
import {
  cacheControlOf,
  freshSeconds,
  hasValidator,
  isForEverybody,
  isStable,
  notModifiedBytes,
  readAnswers,
  type RouteAnswers,
  saysNothing,
} from '../derive/http-answers.ts'

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
    const open = named.filter(answer => isForEverybody(answer) && isStable(answer) && !isWithheld(answer))
    const [kept, asked] = [open.filter(isKept), open.filter(answer => !isKept(answer))]
    const found = asked.filter(({ plain }) => plain.bodyBytes >= thresholds.bodyBytes)
    if (found.length > 0) return findings(found.map(answer => findingOf(answer, source)))
    return kept.length > 0
      ? pass([fact('files kept by browsers', kept.length, 'count', 'http-probe')])
      : notApplicable('no file named by its content is large, the same each time, and for everybody')

    function isKept({ plain }: RouteAnswers): boolean {
      return freshSeconds(plain) >= thresholds.freshDays * daySeconds
    }
  },
})

/** Said on purpose, whoever it was. */
function isWithheld({ plain }: RouteAnswers): boolean {
  return cacheControlOf(plain).has('no-store')
}

function findingOf(answer: RouteAnswers, source: SourceEvidence | undefined): Finding {
  const { route, plain } = answer
  const where = { route }
  const seconds = freshSeconds(plain)
  // Without a word browsers keep a tenth of its age, where its date is known (RFC 9111 §4.2.2).
  const isGuessed = saysNothing(plain) && plain.headers['last-modified'] !== undefined
  const isHeld = hasValidator(plain) && answer.revalidated?.statusCode !== 200
  return {
    fingerprint: fingerprintOf('client-side-caching', where),
    practice: 'client-side-caching',
    title: `a file named by its content, ${bytesText(plain.wireBytes)}, that browsers ask for again ${seconds < 60 && !isGuessed ? 'on every visit' : 'after a while'}`,
    where,
    facts: [
      fact('file', plain.wireBytes, 'bytes', 'http-probe'),
      ...(seconds > 0 ? [fact('kept by browsers for', seconds * 1_000, 'ms', 'http-probe')] : []),
    ],
    // How many visitors come back is not in the evidence.
    confidence: 'strong',
    edit: { kind: 'bytes', route, bytesBefore: isHeld ? notModifiedBytes : plain.wireBytes, bytesAfter: 0 },
    remedy: {
      summary: 'Let browsers keep it for a year without asking.',
      steps: [
        'Its name is made of its content: a new version has a new name, so the old one can never be wrong.',
        'Only for these files. The page that names them must be asked for on every visit: no-cache, with an ETag.',
      ],
      code: { language: 'ts', after: codeFor(source, answer.url) },
    },
  }
}

/** Of these files only, also where others lie in the same folder: those would stay as they are for a year. */
function codeFor(source: SourceEvidence | undefined, url: string): string {
  const isNamed = patternOf(url)
  const kept = `'cache-control', 'public, max-age=31536000, immutable'`
  switch (frameworkOf(source)) {
    case 'fastify':
      return `// A folder that holds such files and no others.
await app.register(fastifyStatic, { root, prefix: '/assets/', maxAge: '1y', immutable: true })`
    case 'express':
      return `app.use(express.static(root, {
  setHeaders(res) {
    if (${isNamed}.test(res.req.url)) res.set(${kept})
  },
}))`
    case 'koa':
      return `app.use(serve(root, {
  setHeaders(res) {
    if (${isNamed}.test(res.req.url)) res.setHeader(${kept})
  },
}))`
    case 'hono':
      return `app.use(async (c, next) => {
  await next()
  if (c.res.ok && ${isNamed}.test(c.req.url)) c.header(${kept})
})`
    case undefined:
      return `if (${isNamed}.test(request.url)) response.setHeader(${kept})`
  }
}

/** What the names of such files have in common; as strict as what found this one. */
function patternOf(url: string): RegExp {
  const [path = ''] = url.split('?', 1)
  if (!isNamedByContent(path)) return /[?&](?:v|ver|version|hash|h)=/
  const hexadecimal = /[.~_-](?=\d*[a-f])(?=[a-f]*\d)[\da-f]{8,}\./
  return hexadecimal.test(path) ? hexadecimal : /[.~_-](?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{8,32}\./
}
