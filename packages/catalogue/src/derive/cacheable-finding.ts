/** What all findings that propose a cache for a read have in common: whose read it is, how sure that is, and what a cache would change. */
import { type Finding, fingerprintOf, type StatementsEvidence, type TracesEvidence, type Where } from '@whetstone/model'
import { type CacheableRead, chosenSize } from './cacheable-reads.ts'
import { siteOf } from './statements.ts'

export interface CacheProposal {
  readonly practice: string
  readonly read: CacheableRead
  /** The keys were drawn by the load, not by users: how often one comes again is then not known. */
  readonly isLoad: boolean
  readonly statements: StatementsEvidence
  readonly traces: TracesEvidence
}

export function cacheProposal({
  practice,
  read,
  isLoad,
  statements,
  traces,
}: CacheProposal): Pick<Finding, 'fingerprint' | 'practice' | 'where' | 'confidence' | 'edit'> {
  const { statement, use } = read
  const { hitFraction, coldHitFraction } = chosenSize(read)
  const site = siteOf(use.route, statement.id, statements, traces)
  const where: Where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  return {
    fingerprint: fingerprintOf(practice, where),
    practice,
    where,
    confidence: isLoad ? 'suspected' : 'strong',
    edit: {
      kind: 'trace',
      change: { kind: 'cache', statementId: statement.id, hitFraction, coldHitFraction },
      route: use.route,
    },
  }
}
