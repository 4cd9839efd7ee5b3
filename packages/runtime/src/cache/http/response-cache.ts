/** Whole answers kept for whoever asks the same: decides by headers alone, so that every framework needs only a thin adapter. */
import { header, type Headers } from './headers.ts'
import { type Asked, bypassOf, primaryKey, variantKey } from './request-key.ts'
import { keptHeaders, storability } from './storable.ts'
import { tagsOf } from './tags.ts'

/** Where answers are kept; a `Cache` is one. */
export interface AnswerStore {
  get(key: string): unknown
  set(
    key: string,
    value: unknown,
    policy: { readonly ttlMs: number; readonly jitterFraction: number; readonly tags: readonly string[] },
  ): unknown
  invalidate(...keys: readonly string[]): unknown
  invalidateTags(...tags: readonly string[]): unknown
  clear(): unknown
}

export interface ResponseCacheOptions {
  readonly store: AnswerStore
  /** Larger bodies pass through and are not kept. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Answers kept of one URL for different values of its `Vary` headers; the oldest goes first. Default 32. */
  readonly maxVariants?: number
  /** How long requests wait for another one's answer to the same, before they make their own. Default 5,000. */
  readonly maxWaitMs?: number
  /** After an answer that may not be kept, for so long nobody waits for another one's. Default 10,000. */
  readonly passMs?: number
  /** Headers of this service, beside the usual ones, that say who asks. Such requests pass by the cache. */
  readonly credentialHeaders?: readonly string[]
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number
}

/** A complete answer. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface KeptAnswer extends Answer {
  readonly storedAtMs: number
  /** What it had been old already, in milliseconds. */
  readonly ageMs: number
  readonly freshUntilMs: number
  readonly revalidateUntilMs: number
  readonly errorUntilMs: number
}

interface VaryOn {
  readonly kind: 'vary'
  readonly names: readonly string[]
  /** Part of the keys below it: when this entry is invalidated, they are out of reach. */
  readonly generation: number
  readonly variants: readonly string[]
}

type Stored = { readonly kind: 'answer'; readonly answer: KeptAnswer } | VaryOn | { readonly kind: 'pass' }

/** Of the request that makes the answer others wait for. One of the two must be called, once; more does nothing. */
export interface Lead {
  /** Served instead where the answer is a failure. */
  readonly fallback: KeptAnswer | undefined
  /** @returns why it was not kept, if it was not */
  keep(answer: Answer): Promise<string | undefined>
  /** It broke off, or is too long. */
  abandon(): void
}

export type Step =
  /** `behind`: somebody should make the answer anew, behind this request, which need not wait. */
  | { readonly kind: 'answer'; readonly answer: KeptAnswer; readonly stale: boolean; readonly behind?: Lead }
  /** The handler answers; with `lead` for others too. */
  | { readonly kind: 'run'; readonly why: string; readonly lead?: Lead }

interface Flight {
  readonly primary: string
  readonly ended: Promise<void>
  /** Tags purged since it began: what was read before that is worth nothing. */
  readonly purged: Set<string>
  spoiled: boolean
}

export class ResponseCache {
  readonly maxBodyBytes: number
  readonly credentialHeaders: readonly string[]
  readonly #store: AnswerStore
  readonly #maxVariants: number
  readonly #maxWaitMs: number
  readonly #passMs: number
  readonly #clock: () => number
  readonly #flights = new Map<string, Flight>()
  #generation = 0

  /** @throws RangeError for a bound below 0 */
  constructor({
    store,
    maxBodyBytes = 1_048_576,
    maxVariants = 32,
    maxWaitMs = 5_000,
    passMs = 10_000,
    credentialHeaders = [],
    clock = Date.now,
  }: ResponseCacheOptions) {
    for (const [name, value] of Object.entries({ maxBodyBytes, maxVariants, maxWaitMs, passMs }))
      if (!(value >= 0)) throw new RangeError(`${name} of a response cache must be at least 0, not ${value}`)
    this.maxBodyBytes = maxBodyBytes
    this.credentialHeaders = credentialHeaders.map(name => name.toLowerCase())
    this.#store = store
    this.#maxVariants = maxVariants
    this.#maxWaitMs = maxWaitMs
    this.#passMs = passMs
    this.#clock = clock
  }

  /**
   * What to do with a request. Waits where the same answer is being made.
   * @param canRefresh whether the caller can make an answer behind the request; else the first request past its time makes it
   */
  async ask(asked: Asked, canRefresh: boolean): Promise<Step> {
    const why = bypassOf(asked, this.credentialHeaders)
    if (why !== undefined) return { kind: 'run', why }
    const primary = primaryKey(asked)
    const waitUntilMs = this.#clock() + this.#maxWaitMs
    for (;;) {
      const { key, found } = await this.#find(primary, asked.headers)
      if (found?.kind === 'pass') return { kind: 'run', why: 'pass' }
      const kept = found?.answer
      const nowMs = this.#clock()
      if (kept !== undefined && nowMs < kept.freshUntilMs) return { kind: 'answer', answer: kept, stale: false }
      const revalidating = kept !== undefined && nowMs < kept.revalidateUntilMs
      const underWay = this.#flights.get(key)
      if (underWay === undefined) {
        // A HEAD fills nothing; there is no body to keep (RFC 9111 §4).
        if (revalidating && (canRefresh || asked.method === 'HEAD'))
          return {
            kind: 'answer',
            answer: kept,
            stale: true,
            ...(asked.method === 'GET' && { behind: this.#lead(key, primary, asked.headers, kept) }),
          }
        if (asked.method === 'HEAD') return { kind: 'run', why: 'miss' }
        return {
          kind: 'run',
          why: kept === undefined ? 'miss' : 'stale',
          lead: this.#lead(key, primary, asked.headers, kept),
        }
      }
      if (revalidating) return { kind: 'answer', answer: kept, stale: true }
      if (asked.method === 'HEAD' || !(await endsBefore(underWay.ended, waitUntilMs - this.#clock())))
        return { kind: 'run', why: 'miss' }
    }
  }

  /** Forgets every answer with one of these tags, also one that is being made. */
  async purge(...tags: readonly string[]): Promise<void> {
    for (const flight of this.#flights.values()) for (const tag of tags) flight.purged.add(tag)
    await this.#store.invalidateTags(...tags)
  }

  /** Forgets what is kept of a URL, as must be after a request that changed it (RFC 9111 §4.4). */
  async purgeUrl(asked: Pick<Asked, 'url' | 'scheme' | 'headers'>): Promise<void> {
    const primary = primaryKey({ ...asked, method: 'GET' })
    for (const flight of this.#flights.values()) if (flight.primary === primary) flight.spoiled = true
    await this.#store.invalidate(primary)
  }

  async clear(): Promise<void> {
    for (const flight of this.#flights.values()) flight.spoiled = true
    await this.#store.clear()
  }

  async #find(primary: string, headers: Headers): Promise<{ key: string; found: Exclude<Stored, VaryOn> | undefined }> {
    const first = (await this.#store.get(primary)) as Stored | undefined
    if (first?.kind !== 'vary') return { key: primary, found: first }
    const key = variantKey(primary, first.generation, first.names, headers)
    const found = (await this.#store.get(key)) as Exclude<Stored, VaryOn> | undefined
    return { key, found }
  }

  #lead(key: string, primary: string, headers: Headers, fallback: KeptAnswer | undefined): Lead {
    let settle: () => void = () => {}
    const flight: Flight = {
      primary,
      ended: new Promise(resolve => (settle = resolve)),
      purged: new Set(),
      spoiled: false,
    }
    this.#flights.set(key, flight)
    const end = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
      settle()
    }
    let isSettled = false
    const usable = fallback !== undefined && this.#clock() < fallback.errorUntilMs ? fallback : undefined
    return {
      fallback: usable,
      abandon: () => {
        if (!isSettled) end()
        isSettled = true
      },
      keep: async answer => {
        // What was given up may look like an end to who reads it: half a body.
        if (isSettled) return 'abandoned'
        isSettled = true
        try {
          return await this.#keep(key, primary, headers, answer, flight)
        } finally {
          end()
        }
      },
    }
  }

  async #keep(
    key: string,
    primary: string,
    headers: Headers,
    answer: Answer,
    flight: Flight,
  ): Promise<string | undefined> {
    const nowMs = this.#clock()
    const storable = storability(answer.status, answer.headers, nowMs, this.credentialHeaders)
    if (storable.kind === 'not') {
      // A failure says nothing about the next answer.
      if (answer.status < 400)
        await this.#store.set(key, { kind: 'pass' }, { ttlMs: this.#passMs, jitterFraction: 0, tags: [] })
      return storable.why
    }
    const length = header(answer.headers, 'content-length')
    if (length !== undefined && Number(length) !== answer.body.length) return 'incomplete'
    if (answer.body.length > this.maxBodyBytes) return 'size'
    const tags = tagsOf(answer.headers)
    if (flight.spoiled || tags.some(tag => flight.purged.has(tag))) return 'purged'
    const { freshMs, staleWhileRevalidateMs, staleIfErrorMs, vary } = storable.lifetime
    const lifeMs = freshMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
    const kept: KeptAnswer = {
      ...answer,
      headers: keptHeaders(answer.headers),
      storedAtMs: nowMs,
      ageMs: Math.max(0, Number(header(answer.headers, 'age') ?? 0) || 0) * 1_000,
      freshUntilMs: nowMs + freshMs,
      revalidateUntilMs: nowMs + freshMs + staleWhileRevalidateMs,
      errorUntilMs: nowMs + freshMs + staleIfErrorMs,
    }
    const policy = { ttlMs: lifeMs, jitterFraction: 0, tags }
    await this.#store.set(await this.#place(primary, vary, headers, lifeMs), { kind: 'answer', answer: kept }, policy)
    return undefined
  }

  /** Its key; the names of all variants of a URL are those of every one of them (RFC 9111 §4.1). */
  async #place(primary: string, vary: readonly string[], headers: Headers, lifeMs: number): Promise<string> {
    const before = (await this.#store.get(primary)) as Stored | undefined
    const known = before?.kind === 'vary' ? before : undefined
    if (known === undefined && vary.length === 0) return primary
    const names = [...new Set([...(known?.names ?? []), ...vary])].toSorted()
    const same = known !== undefined && known.names.length === names.length
    const generation = same ? known.generation : this.#newGeneration()
    const key = variantKey(primary, generation, names, headers)
    const variants = [...(same ? known.variants.filter(other => other !== key) : []), key]
    const leaving = variants.splice(0, Math.max(0, variants.length - this.#maxVariants))
    if (leaving.length > 0) await this.#store.invalidate(...leaving)
    // As long as its longest variant could live; found anew with each that is stored.
    const entry: VaryOn = { kind: 'vary', names, generation, variants }
    await this.#store.set(primary, entry, { ttlMs: Math.max(lifeMs, varyMs), jitterFraction: 0, tags: [] })
    return key
  }

  /** Of no two processes the same: they may share the store. */
  #newGeneration(): number {
    this.#generation = Math.max(this.#generation + 1, this.#clock() * 1_000 + Math.floor(Math.random() * 1_000))
    return this.#generation
  }
}

/** An entry that says what a URL varies on is small and hardly ever changes. */
const varyMs = 86_400_000

/** Seconds since the origin said it (RFC 9111 §5.1). */
export function ageSeconds({ storedAtMs, ageMs }: KeptAnswer, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - storedAtMs + ageMs) / 1_000))
}

async function endsBefore(ended: Promise<void>, withinMs: number): Promise<boolean> {
  if (withinMs <= 0) return false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(
    resolve => (timer = setTimeout(() => resolve(false), Math.min(withinMs, 2 ** 31 - 1))),
  )
  try {
    return await Promise.race([ended.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
