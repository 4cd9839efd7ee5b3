/** The pool of the runtime library, which keeps `pg` clients by itself: it tells of every loan on a diagnostics channel. */
import { subscribe } from 'node:diagnostics_channel'
import type { Site } from '@whetstone/model'
import { isApplicationFile, pathOf } from '../application.ts'
import { now } from '../clock.ts'
import { failed } from '../guard.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import { chargeWait, figuresOf, ongoingRequest } from './pool-figures.ts'
import type { PoolFigures } from './pool-figures.ts'

/** What is read of it; the library and the probe come in versions of their own. */
interface PoolLimits {
  readonly max: number
  readonly acquireTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly lifetimeMs: number
}
type PoolLoan = { readonly limits: PoolLimits } & (
  | { readonly kind: 'made' }
  | { readonly kind: 'lent'; readonly waitedMs: number; readonly inUse: number; readonly waiting: number }
  | {
      readonly kind: 'taken'
      readonly connection: object
      readonly readSite: () => { readonly stack: readonly string[] }
    }
  | { readonly kind: 'returned'; readonly connection: object }
  | { readonly kind: 'refused'; readonly waitedMs: number; readonly waiting: number }
)

export function hookWhetstonePool(): void {
  subscribe('whetstone:pool-loan', message => {
    try {
      observe(message as PoolLoan)
    } catch (error) {
      failed(error)
    }
  })
}

function observe(loan: PoolLoan): void {
  const figures = figuresOf(poolOf(loan.limits), observe)
  if (loan.kind === 'made') return
  wake()
  if (level < SQL) return
  switch (loan.kind) {
    case 'lent':
      figures.acquired(loan.inUse, loan.waiting)
      noteWait(figures, loan)
      return
    case 'taken':
      figures.took(loan.connection, {
        record: ongoingRequest(),
        site: level >= TRACE && figures.wantsSite() ? siteOf(loan.readSite().stack) : undefined,
      })
      return
    case 'returned':
      figures.gaveBack(loan.connection)
      return
    case 'refused':
      noteWait(figures, loan)
  }
}

function noteWait(
  figures: PoolFigures,
  { waitedMs, waiting }: { readonly waitedMs: number; readonly waiting: number },
): void {
  if (waitedMs <= 0) return
  figures.waited(waitedMs, waiting)
  const record = ongoingRequest()
  if (record !== undefined) chargeWait(record, now() - waitedMs, waitedMs)
}

interface KnownPool {
  readonly madeBy: string
  readonly options: Readonly<Record<string, unknown>>
}
const pools = new WeakMap<PoolLimits, KnownPool>()

/** Its limits under the names that `pg` gives them. They are one object for as long as the pool lives. */
function poolOf(limits: PoolLimits): KnownPool {
  const known = pools.get(limits)
  if (known) return known
  const pool = {
    madeBy: 'whetstone',
    options: {
      max: limits.max,
      connectionTimeoutMillis: limits.acquireTimeoutMs,
      idleTimeoutMillis: limits.idleTimeoutMs,
      statement_timeout: limits.statementTimeoutMs,
      maxLifetimeSeconds: limits.lifetimeMs / 1_000,
    },
  }
  pools.set(limits, pool)
  return pool
}

const framesKept = 3

/** The library took this stack for its own leak reports, as text. */
function siteOf(stack: readonly string[]): Site | undefined {
  const frames = stack.flatMap(line => {
    const [, name, file = '', row, column] = /^(?:async )?(?:(.+?) \()?([^()]+):(\d+):(\d+)\)?$/.exec(line) ?? []
    const path = pathOf(file)
    return isApplicationFile(path)
      ? [{ file: path, line: Number(row), column: Number(column), ...(name && { function: name }) }]
      : []
  })
  return frames.length > 0 ? frames.slice(0, framesKept) : undefined
}
