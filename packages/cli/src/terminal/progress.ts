/** Progress of the loop as lines: one live line on a terminal, a plain line every five seconds elsewhere. */
import type { OnProgress, Progress } from '@whetstone/loop'
import { msText } from '@whetstone/model'
import type { Terminal } from './terminal.ts'

const plainEveryMs = 5_000
const labelWidth = 15

export function label(text: string): string {
  return `  ${text.padEnd(labelWidth)} `
}

export function progressPrinter(terminal: Terminal, now: () => number): OnProgress {
  let lastPlain = 0
  const periodic = (line: string, force: boolean) => {
    terminal.transient(line)
    if (terminal.live || (!force && now() - lastPlain < plainEveryMs)) return
    lastPlain = now()
    terminal.progress(line)
  }
  return progress => {
    switch (progress.kind) {
      case 'stage':
        lastPlain = now()
        return terminal.progress(label(stageWords[progress.stage]) + progress.detail)
      case 'note':
        return terminal.progress(label(progress.label) + progress.detail)
      case 'warning':
        terminal.progress(`  ${terminal.colour.yellow(terminal.marks.warn)} ${progress.text}`)
        if (progress.hint) terminal.progress(indent(progress.hint, 4))
        return undefined
      case 'load':
        return periodic(loadLine(progress), false)
      case 'block':
        return periodic(
          label(progress.label) + bar(progress.done / progress.total) + ` ${progress.done}/${progress.total}`,
          progress.done === progress.total,
        )
    }
  }
}

const stageWords = {
  starting: 'starting',
  workload: 'routes',
  'warm-up': 'warm-up',
  measuring: 'measuring',
  reading: 'reading',
  investigating: 'asking',
  heap: 'heap',
  breaking: 'breaking',
  stopping: 'stopping',
  trial: 'trial',
  ladder: 'remedies',
  report: 'report',
} as const

function loadLine(load: Extract<Progress, { kind: 'load' }>): string {
  const parts = [
    bar(load.elapsedMs / load.totalMs),
    `${Math.round(load.elapsedMs / 1_000)} s`,
    `${Math.round(load.ratePerSecond)} req/s`,
    `p50 ${load.p50Ms === undefined ? '-' : msText(load.p50Ms)}`,
    `p95 ${load.p95Ms === undefined ? '-' : msText(load.p95Ms)}`,
    `errors ${load.errors}`,
  ]
  return label('') + parts.join('  ')
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * 10)
  return '#'.repeat(full) + '.'.repeat(10 - full)
}

export function indent(text: string, width: number): string {
  return text
    .split('\n')
    .map(line => ' '.repeat(width) + line)
    .join('\n')
}
