/** What the HTTP probes showed of each route, read once for every practice about headers, sizes and caching. */
import type { HttpAnswer, HttpProbe, HttpProbeEvidence, RouteName } from '@whetstone/model'
import { memo } from './memo.ts'

export interface RouteAnswers {
  readonly route: RouteName
  readonly url: string
  /** Given to somebody who said who they are, and not seen to be the same for whoever does not. */
  readonly authorised: boolean
  /** 2xx, complete. */
  readonly plain: HttpAnswer
  /** With `Accept-Encoding: br, gzip`. */
  readonly compressed?: HttpAnswer
  /** With the ETag of the plain answer. */
  readonly revalidated?: HttpAnswer
  readonly repeat?: { readonly afterMs: number; readonly answer: HttpAnswer }
  readonly withQuery: readonly HttpProbe[]
}

/** GET routes that answered well. An error, a redirect or a cut-off body says nothing about the route. */
export const readAnswers: (evidence: HttpProbeEvidence) => readonly RouteAnswers[] = memo(({ probes }) => {
  const byRoute = new Map<RouteName, HttpProbe[]>()
  for (const probe of probes) {
    if (!probe.route.startsWith('GET ') || probe.answer.failed !== undefined) continue
    const own = byRoute.get(probe.route)
    if (own) own.push(probe)
    else byRoute.set(probe.route, [probe])
  }
  return [...byRoute].flatMap(([route, own]) => {
    const plain = own.find(probe => probe.variation.kind === 'plain' && isGood(probe.answer))
    if (!plain) return []
    const same = own.filter(probe => probe.url === plain.url)
    const compressed = same.find(probe => probe.variation.kind === 'accept-encoding' && isGood(probe.answer))
    const revalidated = same.find(probe => probe.variation.kind === 'if-none-match' && probe.answer.statusCode < 400)
    const repeats = same.flatMap(({ variation, answer }) =>
      variation.kind === 'repeat' && isGood(answer) ? [{ afterMs: variation.afterMs, answer }] : [],
    )
    const repeat = repeats.toSorted((a, b) => b.afterMs - a.afterMs)[0]
    return [
      {
        route,
        url: plain.url,
        authorised: plain.authorised === true && !isGivenToNobody(same, plain.answer),
        plain: plain.answer,
        ...(compressed ? { compressed: compressed.answer } : {}),
        ...(revalidated ? { revalidated: revalidated.answer } : {}),
        ...(repeat ? { repeat } : {}),
        withQuery: own.filter(probe => probe.variation.kind === 'query'),
      },
    ]
  })
})

/** Whoever does not say who they are gets the same bytes. */
function isGivenToNobody(same: readonly HttpProbe[], { bodyHash }: HttpAnswer): boolean {
  const given = same.find(({ variation }) => variation.kind === 'without-credentials')?.answer
  return given !== undefined && isGood(given) && bodyHash !== '' && given.bodyHash === bodyHash
}

const isGood = ({ statusCode }: HttpAnswer): boolean => statusCode >= 200 && statusCode < 300

export function isText(answer: HttpAnswer): boolean {
  const type = answer.headers['content-type'] ?? ''
  return /^text\/|json|xml|javascript|graphql|csv|svg/i.test(type) && !/event-stream/i.test(type)
}

/** `max-age=60, public` as a map; directives without a value are `true`. */
export function cacheControlOf(answer: HttpAnswer): ReadonlyMap<string, string | true> {
  const header = answer.headers['cache-control'] ?? ''
  return new Map(
    header
      .split(',')
      .map(part => part.trim().toLowerCase())
      .filter(part => part !== '')
      .map(part => {
        const [name = '', value] = part.split('=', 2)
        return [name.trim(), value === undefined ? true : value.replaceAll('"', '').trim()] as const
      }),
  )
}

export const varyOf = (answer: HttpAnswer): readonly string[] =>
  (answer.headers['vary'] ?? '')
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')

export const hasValidator = (answer: HttpAnswer): boolean =>
  answer.headers['etag'] !== undefined || answer.headers['last-modified'] !== undefined

/** Status line and the usual headers of a 304. */
export const notModifiedBytes = 250

/** Seconds for which a browser need not ask again: by `max-age`, else by Expires. 0 where nothing says so. */
export function freshSeconds(answer: HttpAnswer): number {
  const control = cacheControlOf(answer)
  if (control.has('no-cache') || control.has('no-store')) return 0
  const said = control.get('max-age')
  if (said !== undefined) return Number(said) || 0
  const [expires, date] = [answer.headers['expires'], answer.headers['date']].map(text => Date.parse(text ?? ''))
  return Math.max(0, ((expires ?? NaN) - (date ?? NaN)) / 1_000) || 0
}

/** Seconds for which a cache in front may answer for the service. */
export function sharedFreshSeconds(answer: HttpAnswer): number {
  const control = cacheControlOf(answer)
  if (control.has('private') || control.has('no-cache') || control.has('no-store')) return 0
  const said = control.get('s-maxage')
  return said === undefined ? freshSeconds(answer) : Number(said) || 0
}

/** Nothing in it shows that it belongs to one person. */
export function isForEverybody({ plain, authorised }: RouteAnswers): boolean {
  const differs = varyOf(plain).some(name => /^(authorization|cookie|\*)$/.test(name))
  return !authorised && plain.headers['set-cookie'] === undefined && !differs
}

/** The same bytes again after a while. */
export const isStable = ({ plain, repeat }: RouteAnswers): boolean =>
  repeat !== undefined && plain.bodyHash !== '' && repeat.answer.bodyHash === plain.bodyHash

/** `GET /products/:id`: every client asks for another URL. */
export const hasParameters = (route: RouteName): boolean => /[:*{[]/.test(route.slice(route.indexOf(' ')))

/**
 * Nothing in the answer says how long it may be kept, and it looks the same for everybody: the case of `http-cache-headers`.
 * Other practices about caching leave such a route to it.
 */
export function lacksFreshness(answers: RouteAnswers): boolean {
  return saysNothing(answers.plain) && isForEverybody(answers) && !hasParameters(answers.route) && isStable(answers)
}

/** Neither how long it may be kept nor that it may not. */
export const saysNothing = ({ headers }: HttpAnswer): boolean =>
  headers['cache-control'] === undefined && headers['expires'] === undefined
