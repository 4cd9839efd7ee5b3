/**
 * Which line awaited what, for query builders that run when they are awaited (Knex, Drizzle, postgres) or gather calls until the next
 * tick (Prisma): V8 runs them from an empty stack, so the stacks at which promises, ticks and the like were made are kept for a few
 * requests, and followed back to the service's own code.
 */
import { createHook, executionAsyncId } from 'node:async_hooks'
import { BoundedMap } from './bounded-map.ts'
import { currentRequest } from './context.ts'
import type { RequestRecord } from './request-record.ts'
import { collapsePath } from './route-name.ts'

interface Step {
  /** Holder of a stack that V8 has captured but not yet formatted. */
  readonly made: { stack?: unknown }
  /** The step that was running when this one was made. */
  readonly parent: number
}
export type Trail = Map<number, Step>

const framesRead = 16
const stepsKept = 2_000
const stepsFollowed = 60
const requestsAtFirst = 64
const requestEvery = 64
const pathsKept = 500
/** Of each path from its first request on: a rarely called one would hardly be among the others. */
const requestsOfPathAtFirst = 4
/** Where no trail leads to the service's own code, one more would not either. */
const trailsOfPath = 32

interface PathTrails {
  left: number
  wanted: number
}
const paths = new BoundedMap<string, PathTrails>(pathsKept)

let isNeeded = false
let requests = 0
let followed = 0

const hook = createHook({ init })

/** A query without a line of the service on its stack was seen: from now on some requests leave a trail, and the next to this path does. */
export function needTrails(record: RequestRecord): void {
  isNeeded = true
  const path = record.trail === undefined ? trailsTo(record) : undefined
  if (path !== undefined && path.wanted < path.left) path.wanted++
}

export function beginTrail(record: RequestRecord): void {
  if (!isNeeded) return
  requests++
  const isSampled = requests <= requestsAtFirst || requests % requestEvery === 0
  if (!takeWanted(record) && !isSampled) return
  record.trail = new Map()
  if (++followed === 1) hook.enable()
}

function takeWanted(record: RequestRecord): boolean {
  const path = trailsTo(record)
  if (path === undefined || path.wanted === 0) return false
  path.wanted--
  path.left--
  return true
}

/** By the path, because the route is not known before the framework has matched it. */
function trailsTo({ method, url }: RequestRecord): PathTrails | undefined {
  const path = `${method} ${collapsePath(url)}`
  const known = paths.get(path)
  if (known !== undefined) return known
  const trails = { left: trailsOfPath, wanted: requestsOfPathAtFirst }
  return paths.set(path, trails) ? trails : undefined
}

export function endTrail(record: RequestRecord): void {
  if (record.trail === undefined) return
  record.trail = undefined
  if (--followed === 0) hook.disable()
}

/** Stacks from the running code back to the beginning of the request, nearest first. */
export function* stacksBehind(record: RequestRecord): Generator<readonly NodeJS.CallSite[]> {
  const { trail } = record
  let id = executionAsyncId()
  for (let followedSteps = 0; trail !== undefined && followedSteps < stepsFollowed; followedSteps++) {
    const step = trail.get(id)
    if (step === undefined) return
    // Formatted by whoever reads it first: the caller has its own formatter in place.
    if (Array.isArray(step.made.stack)) yield step.made.stack as readonly NodeJS.CallSite[]
    if (step.parent === id) return
    id = step.parent
  }
}

function init(asyncId: number): void {
  const trail = currentRequest()?.trail
  if (trail === undefined || trail.size >= stepsKept) return
  const made: { stack?: unknown } = {}
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = framesRead
  Error.captureStackTrace(made, init)
  Error.stackTraceLimit = stackTraceLimit
  trail.set(asyncId, { made, parent: executionAsyncId() })
}
