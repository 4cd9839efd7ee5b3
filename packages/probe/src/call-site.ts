/** From which lines of the service a call was made: up to three of its own frames, and the ORM between them and the driver. */
import type { Frame, Site } from '@whetstone/model'
import { isApplicationFile, pathOf } from './application.ts'
import { needTrails, stacksBehind } from './await-trail.ts'
import { BoundedMap } from './bounded-map.ts'
import type { RequestRecord } from './request-record.ts'

export interface CallSite {
  /** Equal places are the same object, so that they compare by identity. */
  readonly site?: Site
  readonly issuedBy?: string
}

/** Deep enough for an ORM on a router on a framework; sampled calls only. */
const framesRead = 60
const framesKept = 3
const sitesKept = 5_000
/** Innermost to outermost: of two that are stacked (Objection on Knex) the outer one is what the author wrote. */
const issuers =
  /[\\/]node_modules[\\/](?:\.pnpm[\\/][^\\/]+[\\/]node_modules[\\/])?(sequelize|@sequelize[\\/]core|typeorm|knex|kysely|drizzle-orm|pg-promise|slonik|@slonik[\\/]\w+|@prisma[\\/]adapter-pg|objection|@mikro-orm[\\/]\w+)[\\/]/

/** Carries a call without meaning anything by it: drivers, ORMs, frameworks, and what they stand on. */
const carriers =
  /^(?:pg|pg-.*|postgres|pgpass|fastify|avvio|find-my-way|express|router|connect|finalhandler|koa|koa-.*|@koa\/.*|@nestjs\/.*|@fastify\/.*|graphql|graphql-.*|@graphql-.*|@apollo\/.*|apollo-.*|@prisma\/.*|tarn|generic-pool|sequelize-pool|retry-as-promised|dataloader|rxjs|slonik|@slonik\/.*|@sequelize\/.*|@mikro-orm\/.*|bluebird|tslib|reflect-metadata|zone\.js|spex|@opentelemetry\/.*|@whetstone\/runtime|ioredis|redis|@redis\/.*|@node-redis\/.*|memjs|standard-as-callback|@babel\/.*|regenerator-runtime|tsx|ts-node)$/
const packageName = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/

const sites = new BoundedMap<string, Site>(sitesKept)

/** `record` leads further back where the stack ends before the service's own code. */
export function captureCallSite(below: (...args: never[]) => unknown, record?: RequestRecord): CallSite {
  let issuedBy: string | undefined
  const frames: Frame[] = []
  // A service that is itself a package (a shop system, a CMS) has its code in node_modules: better its line than none.
  const libraryFrames: Frame[] = []
  withStructuredStacks(() => {
    const holder: { stack?: readonly NodeJS.CallSite[] } = {}
    Error.captureStackTrace(holder, below)
    read(holder.stack ?? [])
    if (frames.length > 0 || record === undefined) return
    needTrails(record)
    for (const stack of stacksBehind(record)) {
      read(stack)
      if (frames.length > 0) return
    }
  })
  // Only where the way back was open: before, the service's own line may be further back than was looked.
  const nearest = frames.length > 0 || record?.trail === undefined ? frames : libraryFrames
  const site = nearest.length > 0 ? intern(nearest) : undefined
  return { ...(site && { site }), ...(issuedBy && { issuedBy }) }

  function read(stack: readonly NodeJS.CallSite[]): void {
    for (const callSite of stack) {
      const fileName = callSite.getFileName()
      if (!fileName) continue
      const { isApplication, isLibrary, issuer } = factsOf(fileName)
      if (isApplication && frames.length < framesKept) frames.push(frameOf(callSite, fileName))
      if (isLibrary && libraryFrames.length < framesKept) libraryFrames.push(frameOf(callSite, fileName))
      issuedBy = issuer ?? issuedBy
    }
  }
}

function withStructuredStacks(run: () => void): void {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = framesRead
    Error.prepareStackTrace = (_error, callSites) => callSites
    run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    // An absent property and one that is undefined are not the same to whoever looks.
    if (prepareStackTrace === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace
    else Error.prepareStackTrace = prepareStackTrace
  }
}

interface FileFacts {
  readonly path: string
  readonly isApplication: boolean
  /** Code of a package that is neither driver, ORM nor framework. */
  readonly isLibrary: boolean
  readonly issuer?: string
}
const filesKept = 5_000
const files = new BoundedMap<string, FileFacts>(filesKept)

function factsOf(fileName: string): FileFacts {
  const known = files.get(fileName)
  if (known) return known
  const path = pathOf(fileName)
  // The packages of one ORM are one issuer.
  const issuer = issuers.exec(path)?.[1]?.replace(/^@([\w-]+)[\\/].*/, '$1')
  const dependency = packageName.exec(path)?.[1]?.replaceAll('\\', '/')
  const facts = {
    path,
    isApplication: isApplicationFile(path),
    isLibrary: dependency !== undefined && issuer === undefined && !carriers.test(dependency),
    ...(issuer && { issuer }),
  }
  files.set(fileName, facts)
  return facts
}

function frameOf(callSite: NodeJS.CallSite, fileName: string): Frame {
  const name = callSite.getFunctionName() ?? callSite.getMethodName()
  return {
    file: factsOf(fileName).path,
    line: callSite.getLineNumber() ?? 0,
    column: callSite.getColumnNumber() ?? 0,
    ...(name && { function: name }),
  }
}

function intern(frames: readonly Frame[]): Site {
  const key = frames.map(frame => `${frame.file}:${frame.line}:${frame.column}`).join('|')
  const known = sites.get(key)
  if (known) return known
  sites.set(key, frames)
  return frames
}
