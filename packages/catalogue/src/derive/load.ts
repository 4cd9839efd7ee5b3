/** The measured step of the load, and what each route answered in it. */
import { reportedStep, type LoadCurveEvidence, type LoadStep } from '@whetstone/model'

/** The step whose latency is reported; undefined when there is none or the generator could not keep up. */
export function measuredStep(evidence: LoadCurveEvidence): LoadStep | undefined {
  const step = reportedStep(evidence)
  return step && step.generator.verdict !== 'invalid' ? step : undefined
}
