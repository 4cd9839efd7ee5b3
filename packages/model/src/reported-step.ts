/** Which step of a load curve a run speaks of: one rule for the figures, the findings and the page. */
import type { LoadCurveEvidence, LoadStep } from './evidence/index.ts'

/** The last measured step; never the warm-up. */
export function reportedStep(curve: LoadCurveEvidence | undefined): LoadStep | undefined {
  return curve?.steps.findLast(({ purpose }) => purpose === 'measure')
}
