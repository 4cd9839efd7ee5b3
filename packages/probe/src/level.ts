/** How much the probe does at this moment, as one number that every hook asks first, so that doing nothing costs a comparison. */
import type { ProbeLevel } from '@whetstone/model'

export const OFF = 0
export const RED = 1
export const SQL = 2
export const TRACE = 3
export const PROFILE = 4

const byName: Readonly<Record<ProbeLevel, number>> = { off: OFF, red: RED, sql: SQL, trace: TRACE, profile: PROFILE }

/** Stays `OFF` until the process turns out to be a server: npm, compilers and other helpers inherit the probe too. */
export let level = OFF
let wanted = OFF
let isAwake = false
const onWake: (() => void)[] = []

export function levelNumber(name: string | undefined): number {
  return byName[(name ?? 'trace') as ProbeLevel] ?? TRACE
}

export function levelName(number: number): ProbeLevel {
  return (Object.keys(byName) as ProbeLevel[])[number] ?? 'off'
}

export function wantLevel(number: number): void {
  wanted = number
}

export function wantedLevel(): number {
  return wanted
}

/** Runs `start` once, when the first server listens or the first database pool is made. */
export function whenAwake(start: () => void): void {
  onWake.push(start)
}

export function wake(): void {
  if (isAwake || wanted === OFF) return
  isAwake = true
  level = wanted
  for (const start of onWake.splice(0)) start()
}

/** The only answer to a failure inside the probe: it stops, the service goes on. */
export function disable(): void {
  isAwake = true
  wanted = OFF
  level = OFF
}
