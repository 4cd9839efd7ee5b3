/** The part of the config that no machine can find out: what routes are worth, what waiting costs, how large tables are in production. */
import type { AnswersEvidence } from '@whetstone/model'

export interface AnswersConfig {
  /** `{ 'POST /pay': { weight: 10 } }`: its findings count ten times. */
  readonly routes?: Readonly<Record<string, { readonly weight: number }>>
  /** Of one user who waits, in a currency of your own. */
  readonly costOfASecond?: number
  /** `{ orders: 40_000_000 }`. */
  readonly productionRows?: Readonly<Record<string, number>>
}

/** How the config is checked elsewhere too; each throws WHET_CONFIG naming the path. */
export interface ConfigChecks {
  objectAt(path: string, value: unknown): Readonly<Record<string, unknown>>
  knownKeys(path: string, value: object, known: readonly string[]): void
  wrong(path: string, value: unknown, wanted: string): Error
}

/** Undefined where nothing is answered. @throws WhetstoneError WHET_CONFIG */
export function checkedAnswers(answers: unknown, checks: ConfigChecks): AnswersEvidence | undefined {
  if (answers === undefined) return undefined
  const given = checks.objectAt('answers', answers)
  checks.knownKeys('answers.', given, ['routes', 'costOfASecond', 'productionRows'])
  const { routes = {}, costOfASecond, productionRows = {} } = given
  const number = (path: string, value: unknown, wanted: string): number => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
    throw checks.wrong(path, value, wanted)
  }
  return {
    schema: 'answers@1',
    routes: Object.entries(checks.objectAt('answers.routes', routes)).map(([route, one]) => {
      const path = `answers.routes.'${route}'`
      const answer = checks.objectAt(path, one)
      checks.knownKeys(`${path}.`, answer, ['weight'])
      return { route, weight: number(`${path}.weight`, answer['weight'], 'a number from 0, such as 10') }
    }),
    ...(costOfASecond === undefined
      ? {}
      : { costOfASecond: number('answers.costOfASecond', costOfASecond, 'a number from 0, such as 0.02') }),
    tables: Object.entries(checks.objectAt('answers.productionRows', productionRows)).map(([table, rows]) => ({
      table,
      productionRows: number(`answers.productionRows.'${table}'`, rows, 'a number of rows, such as 40_000_000'),
    })),
  }
}
