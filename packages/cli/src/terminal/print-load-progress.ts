/** What a load test shows while it runs: one live line on a terminal, a plain line every five seconds elsewhere. */
import { msText, numberText, wholeText } from '@whetstone/model'
import type { RunOptions } from '@whetstone/load'
import { label } from './progress.ts'
import { seconds } from './quantity.ts'
import type { Terminal } from './terminal.ts'

type Live = Parameters<NonNullable<RunOptions['onInterval']>>[0]

const plainEveryMs = 5_000

export function loadProgress(terminal: Terminal, now: () => number): (live: Live) => void {
  let lastPlain = now()
  let purpose: string | undefined
  return live => {
    if (live.purpose !== purpose) {
      purpose = live.purpose
      lastPlain = now()
      terminal.progress(`${label(words[live.purpose])}${seconds(live.stepDurationMs)}`)
    }
    const line = label('') + figures(live)
    terminal.transient(line)
    if (terminal.live || now() - lastPlain < plainEveryMs) return
    lastPlain = now()
    terminal.progress(line)
  }
}

const words = { 'warm-up': 'warm-up', measure: 'measuring', curve: 'searching', recovery: 'recovering' } as const

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
