/** One download at a time across processes: a lock file names its owner, and one whose owner has died is nobody's. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import { ownerOf, scratchName } from '../cache/scratch.ts'
import { isAlive, thisLifetime } from '../process/lifetime.ts'

/** Longer than the slowest download is allowed to take. */
const patienceMs = 400_000
const pollIntervalMs = 100

/** The lock only saves double work: what it guards must stay right even when two hold it. */
export async function withLock<T>(path: string, work: () => Promise<T>, patience = patienceMs): Promise<T> {
  const claim = scratchName('lock', thisLifetime(), randomBytes(4).toString('hex'))
  const deadlineMs = performance.now() + patience
  while (!take(path, claim)) {
    if (performance.now() > deadlineMs) throw stillHeld(path, patience)
    if (!isHeld(path)) discard(path)
    else await delay(pollIntervalMs)
  }
  try {
    return await work()
  } finally {
    if (read(path) === claim) rmSync(path, { force: true })
  }
}

function take(path: string, claim: string): boolean {
  try {
    writeFileSync(path, claim, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** An unreadable or half-written lock counts as held: its owner may be writing it this moment. */
function isHeld(path: string): boolean {
  const owner = ownerOf(read(path))
  return owner === undefined || isAlive(owner)
}

/** By rename, so that of two processes that see the same dead lock only one removes it. */
function discard(path: string): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  rmSync(aside, { force: true })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function stillHeld(path: string, patience: number): WhetstoneError {
  return new WhetstoneError(
    'WHET_SANDBOX_LOCK',
    `${path} was held by another process for ${Math.round(patience / 1000)} s`,
    {
      hint: `if no other whetstone runs: rm ${path}`,
      exitCode: exitCodes.internal,
    },
  )
}
