/** Earlier load tests that can be trusted, and how old they are; the age is counted to this run, because detectors have no clock. */
import { type EarlierLoad, type HistoryEvidence, type LoadCurveEvidence, reportedStep } from '@whetstone/model'

/** Oldest first. */
export function trustedLoads({ loads = [] }: HistoryEvidence): readonly EarlierLoad[] {
  return loads.filter(({ verdict }) => verdict !== 'invalid' && verdict !== 'aborted')
}

/** The highest rate that was offered in it; undefined where it is not known. */
export function offeredPerSecond({ measured, curve = [] }: EarlierLoad): number | undefined {
  const tried = curve.flatMap(point => point.offeredPerSecond ?? [])
  const rates = [...tried, ...(measured ? [measured.offeredPerSecond] : [])]
  return rates.length > 0 ? Math.max(...rates) : undefined
}

/** 0 where it is not known when this run began: nothing is held against what may be new. */
export function ageMs(startedAt: string, thisRun: LoadCurveEvidence | undefined): number {
  const now = Date.parse(reportedStep(thisRun)?.startedAt ?? '')
  return Math.max(0, now - Date.parse(startedAt)) || 0
}

export const dayOf = (startedAt: string): string => startedAt.slice(0, 10)

export function daysText(ms: number): string {
  const days = Math.round(ms / 86_400_000)
  return days === 1 ? '1 day' : `${days} days`
}
