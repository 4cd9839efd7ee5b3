/** What is counted of every connection pool, whoever keeps it: connections out at once, who waited, and for how long. */
import type { HeldConnections, PoolState, Site } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import type { CallSite } from '../call-site.ts'
import { now } from '../clock.ts'
import { currentRequest } from '../context.ts'
import { level, TRACE } from '../level.ts'
import { connectionState } from '../query-call.ts'
import type { RequestRecord } from '../request-record.ts'

/** A pool as it can be read at any moment; the options under the names that `pg` gives them. */
export interface ReadablePool {
  /** The library that keeps it, where that is not the one on the stack. */
  readonly madeBy?: string
  readonly options: Readonly<Record<string, unknown>>
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

/** A connection that was asked for: whoever asked has to give it back. */
export interface Checkout {
  readonly record: RequestRecord | undefined
  readonly site: Site | undefined
}
interface Held extends Checkout {
  readonly since: number
}
/** A function that is still at work on its connection uses it more often than this. */
const unusedAfterMs = 2_000
const groupsKept = 20
const sitesAtFirst = 20
const siteEvery = 128

export class PoolFigures {
  readonly #madeAt: CallSite
  readonly #options: ReadablePool['options']
  readonly #out = new Map<object, Held>()
  #checkouts = 0
  #isLeaking = false
  peakInUse = 0
  peakWaiting = 0
  acquisitions = 0
  waits = 0
  waitMs = 0

  constructor(options: ReadablePool['options'], madeAt: CallSite) {
    this.#options = options
    this.#madeAt = madeAt
  }

  acquire(pool: ReadablePool): void {
    this.acquired(pool.totalCount - pool.idleCount, pool.waitingCount)
  }

  acquired(inUse: number, waiting: number): void {
    this.acquisitions++
    if (waiting > this.peakWaiting) this.peakWaiting = waiting
    if (inUse > this.peakInUse) this.peakInUse = inUse
  }

  waited(durationMs: number, waiting = 0): void {
    this.waits++
    this.waitMs += durationMs
    if (waiting > this.peakWaiting) this.peakWaiting = waiting
  }

  /** A stack costs more than the rest of a checkout: a few are read, and all while connections seem to stay away. */
  wantsSite(): boolean {
    const checkouts = ++this.#checkouts
    return this.#isLeaking || checkouts <= sitesAtFirst || checkouts % siteEvery === 0
  }

  took(client: object, checkout: Checkout): void {
    this.#out.set(client, { ...checkout, since: now() })
  }

  gaveBack(client: object): void {
    this.#out.delete(client)
  }

  #held(): HeldConnections[] {
    const at = now()
    const groups = new Map<string, HeldConnections>()
    for (const [client, { record, site, since }] of this.#out) {
      const { last, lastAt, running } = connectionState(client)
      const unusedMs = running > 0 ? 0 : at - Math.max(since, lastAt)
      if (unusedMs < unusedAfterMs) continue
      const statementId = lastAt >= since ? last?.id : undefined
      const frame = site?.[0]
      const key = `${frame?.file}:${frame?.line} ${statementId}`
      const known = groups.get(key)
      if (known === undefined && groups.size >= groupsKept) continue
      groups.set(key, {
        ...(site && { site }),
        ...(statementId && { statementId }),
        connections: 1 + (known?.connections ?? 0),
        outlived: (record?.isFinished ? 1 : 0) + (known?.outlived ?? 0),
        longestMs: Math.max(at - since, known?.longestMs ?? 0),
        unusedMs: Math.min(unusedMs, known?.unusedMs ?? Infinity),
      })
    }
    // One that the service took when it started, to listen on, is no reason to read stacks.
    this.#isLeaking = [...groups.values()].some(({ outlived }) => outlived > 0)
    return [...groups.values()].toSorted((one, other) => other.longestMs - one.longestMs)
  }

  state(): PoolState {
    const held = this.#held()
    const { peakInUse, peakWaiting, acquisitions, waits, waitMs } = this
    const { site, issuedBy } = this.#madeAt
    const number = (name: string): number | undefined => {
      const value = this.#options[name]
      return typeof value === 'number' ? value : undefined
    }
    const idleTimeoutMs = number('idleTimeoutMillis')
    const acquireTimeoutMs = number('connectionTimeoutMillis') ?? 0
    const statementTimeoutMs = number('statement_timeout')
    const maxLifetimeSeconds = number('maxLifetimeSeconds')
    return {
      driver: 'pg',
      ...(issuedBy && { madeBy: issuedBy }),
      maxConnections: number('max') ?? 10,
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      acquireTimeoutMs,
      ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
      ...(maxLifetimeSeconds && { maxLifetimeMs: maxLifetimeSeconds * 1_000 }),
      peakInUse,
      peakWaiting,
      acquisitions,
      waits,
      waitMs,
      ...(held.length > 0 && { held }),
      ...(site && { site }),
    }
  }

  /** Connections are out, maybe since before the window. */
  get holds(): boolean {
    return this.#out.size > 0
  }

  reset(): void {
    this.peakInUse = this.peakWaiting = this.acquisitions = this.waits = this.waitMs = 0
  }
}

/** More pools than this in one process are themselves the finding; the first ones show it. */
const poolsKept = 100
const figuresByPool = new WeakMap<object, PoolFigures>()
const allFigures: PoolFigures[] = []

export function figuresOf(
  pool: Pick<ReadablePool, 'options' | 'madeBy'>,
  below: (...args: never[]) => unknown,
): PoolFigures {
  const known = figuresByPool.get(pool)
  if (known) return known
  const madeAt = captureCallSite(below)
  const figures = new PoolFigures(
    pool.options,
    pool.madeBy === undefined ? madeAt : { ...madeAt, issuedBy: pool.madeBy },
  )
  figuresByPool.set(pool, figures)
  if (allFigures.length < poolsKept) allFigures.push(figures)
  return figures
}

export function poolStates(): readonly PoolState[] {
  return allFigures.filter(figures => figures.acquisitions > 0 || figures.holds).map(figures => figures.state())
}

export function resetPools(): void {
  for (const figures of allFigures) figures.reset()
}

export function ongoingRequest(): RequestRecord | undefined {
  const record = currentRequest()
  return record?.isFinished ? undefined : record
}

/** A wait in a request that runs no statement of its own yet. */
export function chargeWait(record: RequestRecord, startedAt: number, durationMs: number): void {
  record.poolWaitMs += durationMs
  if (durationMs > record.longestWaitMs) record.longestWaitMs = durationMs
  if (level >= TRACE && !record.isFinished)
    record.addSpan({ kind: 'pool-wait', startedAt, durationMs, failed: false, site: undefined })
}
