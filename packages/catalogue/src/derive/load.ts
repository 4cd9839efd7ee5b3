/** The measured step of the load, and what each route answered in it. */
import type { LoadCurveEvidence, LoadStep } from '@whetstone/model'

/** The last step whose latency counts; undefined when there is none or the generator could not keep up. */
export function measuredStep(evidence: LoadCurveEvidence): LoadStep | undefined {
  const step = evidence.steps.findLast(({ purpose }) => purpose === 'measure')
  return step && step.generator.verdict !== 'invalid' ? step : undefined
}
