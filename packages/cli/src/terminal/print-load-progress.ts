/** What a load test shows while it runs: one live line on a terminal, a plain line every five seconds elsewhere. */
import { msText, numberText, wholeText } from '@whetstone/model'
import type { findCapacity, RunOptions } from '@whetstone/load'
import { label } from './progress.ts'
import { duration } from './quantity.ts'
import type { Terminal } from './terminal.ts'

type SearchProgress = Parameters<NonNullable<Parameters<typeof findCapacity>[2]['onProgress']>>[0]
type Live = Parameters<NonNullable<RunOptions['onInterval']>>[0]

const plainEveryMs = 5_000

export function loadProgress(terminal: Terminal, now: () => number): (live: Live) => void {
  let lastPlain = now()
  let purpose: string | undefined
  return live => {
    if (live.purpose !== purpose) {
      purpose = live.purpose
      lastPlain = now()
      // A search tells each of its rates itself.
      if (live.purpose === 'warm-up' || live.purpose === 'measure')
        terminal.progress(`${label(words[live.purpose])}${duration(live.stepDurationMs)}`)
    }
    const line = label('') + figures(live)
    terminal.transient(line)
    if (terminal.live || now() - lastPlain < plainEveryMs) return
    lastPlain = now()
    terminal.progress(line)
  }
}

const words = { 'warm-up': 'warm-up', measure: 'measuring' } as const

function figures(live: Live): string {
  const ms = (value: number | undefined) => (value === undefined ? '-' : msText(value))
  return [
    `${Math.round(live.atMs / 1_000)} s`,
    `${numberText(live.sent / Math.max(0.25, live.atMs / 1_000))} /s`,
    `p50 ${ms(live.p50Ms)}`,
    `p95 ${ms(live.p95Ms)}`,
    `p99 ${ms(live.p99Ms)}`,
    `errors ${wholeText(live.errors)}`,
    `${wholeText(live.inFlight)} under way`,
  ].join('  ')
}

/** One line for each rate that is tried. */
export function searchProgress(terminal: Terminal): (progress: SearchProgress) => void {
  return ({ stage, ratePerSecond, users, durationMs, held, notHeld }) => {
    const known = [
      held === undefined ? '' : `${numberText(held)} held`,
      notHeld === undefined ? '' : `${numberText(notHeld)} did not`,
    ].filter(Boolean)
    const so = known.length === 0 ? '' : `   so far ${known.join(', ')}`
    const load = users === undefined ? `${numberText(ratePerSecond)} /s` : `${wholeText(users)} users`
    terminal.progress(`${label(stageWords[stage])}${load} for ${duration(durationMs)}${so}`)
  }
}

const stageWords: Readonly<Record<SearchProgress['stage'], string>> = {
  bracket: 'bracketing',
  bisect: 'bisecting',
  confirm: 'confirming',
  climb: 'climbing',
  recovery: 'recovering',
  before: 'before',
  spike: 'spike',
  soak: 'soaking',
}
