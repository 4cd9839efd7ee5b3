/** A list sent whole, however long it has grown, because the route knows no page. */
import {
  definePractice,
  type EvidenceRequest,
  type Finding,
  findings,
  fingerprintOf,
  type HttpProbe,
  investigate,
  notApplicable,
  pass,
  type StatementsEvidence,
  type Where,
} from '@whetstone/model'
import { bytesText, countText, fact } from '../derive/figures.ts'
import { readAnswers, type RouteAnswers } from '../derive/http-answers.ts'
import { routeUses } from '../derive/statement-time.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

/** Names under which APIs take the length of a page. */
const pageParameters = [
  'limit',
  'per_page',
  'perPage',
  'page_size',
  'pageSize',
  'size',
  'first',
  'take',
  'top',
  'count',
  '_limit',
  '$top',
  'page[size]',
]
const isPageParameter = (name: string): boolean => pageParameters.includes(name)
const allAtOnce = Object.fromEntries(pageParameters.map(name => [name, '1']))
/** Asked alone as well: a strict API refuses parameters that it does not know, a filtering one takes them for fields. */
const variations: readonly Readonly<Record<string, string>>[] = [
  { limit: '1' },
  allAtOnce,
  { _limit: '1' },
  { per_page: '1' },
]
/** What most APIs send when nobody says how many. */
const PAGE_ITEMS = 50

export const apiPagination = definePractice({
  id: 'api-pagination',
  chapter: 'api',
  title: 'Paginate large collections',
  why: 'A list without pages grows with the data: every request reads, serialises and sends all of it, and one day it no longer fits.',
  unless: [
    'The list is bounded by nature: countries, the lines of one order.',
    'It is an export, which should be streamed.',
    'Clients ask for a page already; only the default is large.',
  ],
  sources: [
    'https://google.aip.dev/158',
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/large-http-payload/',
    'https://use-the-index-luke.com/no-offset',
  ],
  needs: ['http-probe'],
  optional: ['statements'],
  thresholds: {
    items: { value: 100, unit: 'count', source: 'largest page that most public APIs allow (GitHub, Stripe: 100)' },
    bodyBytes: { value: 50_000, unit: 'bytes', source: 'a list of many tiny items is no problem yet' },
    largeBodyBytes: { value: 300_000, unit: 'bytes', source: 'Sentry large HTTP payload, 300,000 B' },
    defaultItems: {
      value: 1_000,
      unit: 'count',
      source: 'ten times the largest usual page: clients that ask for no page pay for it',
    },
  },
  remedy: {
    summary: 'Answer one page and the key of the next; cap what a client may ask for.',
    library: 'a keyset in SQL: WHERE (created_at, id) < ($1, $2) ORDER BY … LIMIT $3',
    example: {
      language: 'ts',
      before: `app.get('/orders', () => db.query('SELECT id, total FROM orders'))`,
      after: `app.get('/orders', ({ query }) => {
  const limit = Math.min(Number(query.limit ?? 50), 100)
  return db.query('SELECT id, total FROM orders WHERE id > $1 ORDER BY id LIMIT $2', [query.after ?? 0, limit])
})`,
    },
  },
  detect({ 'http-probe': evidence, statements }, thresholds) {
    const answers = readAnswers(evidence)
    const lists = answers.filter(({ plain }) => (plain.json?.items ?? 0) > 0)
    if (lists.length === 0) return notApplicable('no route answers with a JSON list')
    const long = lists.filter(answer => isLong(answer, thresholds) && !showsPages(answer))
    const requests: EvidenceRequest[] = []
    const found: Finding[] = []
    for (const answer of long) {
      const asked = variations.map(parameters => answer.withQuery.find(probe => isAskedWith(probe, parameters)))
      if (asked.every(probe => probe === undefined)) {
        for (const parameters of variations)
          requests.push({ kind: 'http-probe', route: answer.route, variation: { kind: 'query', parameters } })
        continue
      }
      const pages = asked.filter(probe => honours(probe, answer))
      const page = pages.find(probe => probe && parameterOf(probe) !== undefined) ?? pages[0]
      const isHugeByDefault =
        answer.plain.json!.items! > thresholds.defaultItems && answer.plain.bodyBytes >= thresholds.largeBodyBytes
      if (page ? isHugeByDefault : asked.some(probe => ignores(probe, answer)))
        found.push(describe(answer, statements, page && (parameterOf(page) ?? 'another parameter')))
    }
    if (requests.length > 0) return investigate(requests, found)
    if (found.length > 0) return findings(found)
    const longest = Math.max(...lists.map(({ plain }) => plain.json!.items!))
    return pass([fact('longest list', longest, 'count', 'http-probe')])
  },
})

function isLong(
  { plain }: RouteAnswers,
  limits: { items: number; bodyBytes: number; largeBodyBytes: number },
): boolean {
  const items = plain.json!.items!
  return (
    (items > limits.items && plain.bodyBytes >= limits.bodyBytes) ||
    (items > PAGE_ITEMS && plain.bodyBytes >= limits.largeBodyBytes)
  )
}

/** A page was asked for, or the answer points to the next one. */
function showsPages({ url, plain }: RouteAnswers): boolean {
  const asked = [...new URL(url, 'http://localhost').searchParams.keys()].some(isPageParameter)
  return asked || /rel="?next/.test(plain.headers['link'] ?? '') || plain.headers['content-range'] !== undefined
}

function isAskedWith(probe: HttpProbe, parameters: Readonly<Record<string, string>>): boolean {
  if (probe.variation.kind !== 'query') return false
  const asked = probe.variation.parameters
  const names = Object.keys(parameters)
  return Object.keys(asked).length === names.length && names.every(name => asked[name] === parameters[name])
}

const isAnswered = (probe: HttpProbe): boolean => probe.answer.statusCode >= 200 && probe.answer.statusCode < 300

/** An empty list is no page of one: the parameter was taken for a field to filter by. */
function honours(probe: HttpProbe | undefined, { plain }: RouteAnswers): boolean {
  const items = probe?.answer.json?.items ?? 0
  return probe !== undefined && isAnswered(probe) && items > 0 && items < plain.json!.items!
}

/** Undefined when several were sent at once. */
function parameterOf({ variation }: HttpProbe): string | undefined {
  const names = variation.kind === 'query' ? Object.keys(variation.parameters) : []
  return names.length === 1 ? names[0] : undefined
}

/** A refusal is no answer to the question; only the whole list again is. */
function ignores(probe: HttpProbe | undefined, { plain }: RouteAnswers): boolean {
  return probe !== undefined && isAnswered(probe) && (probe.answer.json?.items ?? 0) >= plain.json!.items!
}

/** `pageParameter` is what makes a page of it, where something does. */
function describe(
  answers: RouteAnswers,
  statements: StatementsEvidence | undefined,
  pageParameter: string | undefined,
): Finding {
  const { route, plain } = answers
  const items = plain.json!.items!
  const where = whereOf(answers, statements)
  const perItem = plain.bodyBytes / items
  return {
    fingerprint: fingerprintOf('api-pagination', where),
    practice: 'api-pagination',
    title: `all ${countText(items)} items in one answer of ${bytesText(plain.bodyBytes)}; ${pageParameter === undefined ? 'limit=1 changes nothing' : `a page only for those who ask with ${pageParameter}`}`,
    where,
    facts: [
      fact('items in one answer', items, 'count', 'http-probe'),
      fact('body', plain.bodyBytes, 'bytes', 'http-probe'),
      fact('one item', perItem, 'bytes', 'http-probe'),
    ],
    confidence: 'measured',
    edit: {
      kind: 'bytes',
      route,
      bytesBefore: plain.bodyBytes,
      bytesAfter: Math.round(perItem * Math.min(items, PAGE_ITEMS)),
    },
    remedy: {
      summary: `Answer a page of ${PAGE_ITEMS}, and the key of the next.`,
      steps: [
        `Take limit (default ${PAGE_ITEMS}, at most 100) and the last key of the page before; ask for one row more to know whether there is a next page.`,
        'Page by key, not by OFFSET: page 1,000 then costs what page 1 costs.',
        'This changes the contract: give clients a new path or version, or begin with a generous default.',
      ],
      code: {
        language: 'ts',
        after: `const limit = Math.min(Number(query.limit ?? ${PAGE_ITEMS}), 100)
const rows = await db.query('SELECT … WHERE id > $1 ORDER BY id LIMIT $2', [query.after ?? 0, limit + 1])
return { items: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1].id : null }`,
      },
    },
  }
}

/** With the statement that fetches the list, so that findings about it are told as one. */
function whereOf({ route, plain }: RouteAnswers, statements: StatementsEvidence | undefined): Where {
  if (!statements) return { route }
  const byId = statementsById(statements)
  const fetching = routeUses(statements)
    .filter(use => use.route === route && use.calls > 0 && readsRows(byId.get(use.statementId)))
    .filter(use => !byId.get(use.statementId)?.shape?.hasLimit && use.rows / use.calls >= plain.json!.items! * 0.9)
    .toSorted((a, b) => b.rows - a.rows)[0]
  if (!fetching) return { route }
  const site = siteOf(route, fetching.statementId, statements)
  return { route, statementId: fetching.statementId, ...(site ? { site } : {}) }
}
