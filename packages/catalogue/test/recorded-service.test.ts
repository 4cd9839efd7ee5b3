import { readFileSync } from 'node:fs'
import type { Evidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { practiceById } from '../src/index.ts'
import { outcomeOf } from '../src/derive/testing/describe-practice.ts'

const recorded = (name: string): Evidence =>
  JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), 'utf8')) as Evidence

function routesFound(id: string, evidence: Evidence): string[] {
  const outcome = outcomeOf(practiceById(id)!, evidence)
  return outcome.kind === 'finding' ? outcome.findings.map(({ where }) => where.route ?? where.resource ?? '') : []
}

const cases: [practice: string, route: string][] = [
  ['sync-io', 'GET /invoice'],
  ['error-rate', 'GET /stock'],
  ['http-cache-headers', 'GET /report'],
  ['etag-validation', 'GET /catalogue'],
  ['response-compression', 'GET /prices'],
  ['api-pagination', 'GET /products'],
]

describe('a run of service.mjs recorded with its faults', () => {
  it.each(cases)('%s is found on %s', (practice, route) => {
    expect(routesFound(practice, recorded('service-with-faults'))).toContain(route)
  })

  it('names the line of the blocking call', () => {
    const outcome = outcomeOf(practiceById('sync-io')!, recorded('service-with-faults'))
    const [found] = outcome.kind === 'finding' ? outcome.findings : []
    expect(found?.where.site?.[0]).toMatchObject({ file: 'service.mjs', line: 26 })
  })
})

describe('a run of service.mjs recorded without them', () => {
  it.each(cases)('%s is silent on %s', (practice, route) => {
    expect(routesFound(practice, recorded('service-without-faults'))).not.toContain(route)
  })
})
