/** From which lines of the service a call was made: up to three of its own frames, and the ORM between them and the driver. */
import type { Frame, Site } from '@whetstone/model'
import { isApplicationFile, pathOf } from './application.ts'
import { BoundedMap } from './bounded-map.ts'

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
  /[\\/]node_modules[\\/](?:\.pnpm[\\/][^\\/]+[\\/]node_modules[\\/])?(sequelize|@sequelize[\\/]core|typeorm|knex|kysely|drizzle-orm|slonik|@slonik[\\/]\w+|@prisma[\\/]adapter-pg|objection|@mikro-orm[\\/]\w+)[\\/]/

const sites = new BoundedMap<string, Site>(sitesKept)

export function captureCallSite(below: (...args: never[]) => unknown): CallSite {
  let site: Site | undefined
  let issuedBy: string | undefined
  const frames: Frame[] = []
  for (const callSite of stackBelow(below)) {
    const file = fileOf(callSite)
    if (file === undefined) continue
    if (frames.length < framesKept && isApplication(file)) frames.push(frameOf(callSite, file))
    issuedBy = issuerOf(file) ?? issuedBy
  }
  if (frames.length > 0) site = intern(frames)
  return { ...(site && { site }), ...(issuedBy && { issuedBy }) }
}

function stackBelow(below: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: readonly NodeJS.CallSite[] } = {}
  try {
    Error.stackTraceLimit = framesRead
    Error.prepareStackTrace = (_error, callSites) => callSites
    Error.captureStackTrace(holder, below)
    return holder.stack ?? []
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
  readonly issuer?: string
}
const filesKept = 5_000
const files = new BoundedMap<string, FileFacts>(filesKept)

function factsOf(fileName: string): FileFacts {
  const known = files.get(fileName)
  if (known) return known
  const path = pathOf(fileName)
  const issuer = issuers
    .exec(path)?.[1]
    ?.replace(/^@sequelize.*/, 'sequelize')
    .replace(/^@slonik.*/, 'slonik')
  const facts = {
    path,
    isApplication: isApplicationFile(path),
    ...(issuer && { issuer: issuer.replace(/^@mikro-orm.*/, 'mikro-orm').replaceAll('\\', '/') }),
  }
  files.set(fileName, facts)
  return facts
}

function fileOf(callSite: NodeJS.CallSite): string | undefined {
  return callSite.getFileName() ?? undefined
}
function isApplication(fileName: string): boolean {
  return factsOf(fileName).isApplication
}
function issuerOf(fileName: string): string | undefined {
  return factsOf(fileName).issuer
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
