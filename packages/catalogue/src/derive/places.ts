/** The place of a statement for a finding: its route when only one uses it, and where the code issues it. */
import type { Site, StatementsEvidence, Where } from '@whetstone/model'
import { siteOf } from './statements.ts'
import { statementTimes } from './statement-time.ts'

export function placeOf(statementId: string, statements: StatementsEvidence): Where {
  const routes = statementTimes(statements).find(time => time.statementId === statementId)?.routes ?? []
  const [heaviest] = routes
  const site = heaviest === undefined ? undefined : siteOf(heaviest, statementId, statements)
  return {
    statementId,
    ...(routes.length === 1 && heaviest !== undefined ? { route: heaviest } : {}),
    ...(site ? { site } : {}),
  }
}

/** A line of the project itself, which its people can change. */
export function isOwnCode(site: Site | undefined): boolean {
  const file = site?.[0]?.file
  return file !== undefined && !/(?:^|[/\\])node_modules[/\\]/.test(file)
}
