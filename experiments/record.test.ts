import { readFileSync } from 'node:fs'
import { practiceById } from '@whetstone/catalogue'
import { definePractice, type Evidence, type Finding, findings } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { mostRecordedBytes, recordingOf, recordingText, titlesOf, trimEvidence } from './record.ts'

const shop = JSON.parse(
  readFileSync(new URL('../packages/catalogue/test/recorded/shop-with-faults.json', import.meta.url), 'utf8'),
) as Evidence
const practice = (id: string) => practiceById(id)!

const aFinding: Finding = {
  practice: 'n-plus-one-http',
  title: '',
  where: {},
  facts: [],
  confidence: 'strong',
  remedy: { summary: '', steps: [] },
  fingerprint: '',
}

describe('trimming the evidence of a run', () => {
  it('keeps only what the practice reads, and a fair dozen of traces a route', () => {
    const { traces, ...others } = trimEvidence(shop, practice('duplicate-queries'))
    expect(Object.keys(others)).toEqual(['statements'])
    const perRoute = new Map<string, number>()
    for (const { route } of traces!.traces) perRoute.set(route, (perRoute.get(route) ?? 0) + 1)
    expect(Math.max(...perRoute.values())).toBeLessThanOrEqual(12)
  })

  it.each(['n-plus-one', 'missing-index', 'keyset-pagination', 'pool-size', 'select-needed-columns', 'sync-io'])(
    'changes nothing of what %s finds, and fits into the file',
    id => {
      const trimmed = trimEvidence(shop, practice(id))
      expect(titlesOf(shop, practice(id)).length).toBeGreaterThan(0)
      expect(titlesOf(trimmed, practice(id))).toEqual(titlesOf(shop, practice(id)))
      expect(JSON.stringify(trimmed).length).toBeLessThan(mostRecordedBytes)
    },
  )

  it('changes nothing of its argument, and nothing of its own answer', () => {
    const copy = structuredClone(shop)
    const once = trimEvidence(shop, practice('missing-index'))
    expect(shop).toEqual(copy)
    expect(trimEvidence(once, practice('missing-index'))).toEqual(once)
  })

  it('keeps the fullest trace where only one fits and the first one has nothing to show', () => {
    const [route] = recordingOf(shop, practice('n-plus-one'), 'the shop')!.evidence.traces!.traces.map(one => one.route)
    const full = shop
      .traces!.traces.filter(one => one.route === route)
      .reduce((most, one) => (one.spans.length > most.spans.length ? one : most))
    // Two are more than is allowed, and an empty one before them.
    const spans = Array.from({ length: 120 }, (_, at) => ({ ...full.spans[at % full.spans.length]!, id: at + 1 }))
    const long = { ...full, spans }
    const traces = { ...shop.traces!, traces: [{ ...full, id: 'empty', spans: [] }, long, long] }
    const longest = definePractice({
      ...practice('n-plus-one-http'),
      needs: ['traces'],
      thresholds: {},
      detect: ({ traces: { traces: list } }) =>
        findings([{ ...aFinding, title: `${Math.max(...list.map(one => one.spans.length))} spans` }]),
    })
    const kept = recordingOf({ ...shop, traces }, longest, 'the shop')!
    expect(kept.findings).toEqual(['120 spans'])
    expect(kept.evidence.traces!.traces).toEqual([expect.objectContaining({ id: full.id })])
  })

  it('leaves out in which order keys were read where that is too much', () => {
    const keys = Array.from({ length: 4_000 }, (_, at) => at)
    const reads = [{ statementId: '0', keyFraction: 1, keys, atMs: keys.map(at => 1_800_000_000_000 + at) }]
    const evidence = { ...shop, statements: { ...shop.statements!, reads } }
    const kept = recordingOf(evidence, practice('n-plus-one'), 'the shop')!
    expect(kept.evidence.statements!.reads).toBeUndefined()
    expect(kept.findings).toEqual(['26 queries per request where 2 would do'])
  })

  it('leaves out in which order a cache was read where that is too much', () => {
    const { traces } = JSON.parse(
      readFileSync(new URL('../packages/catalogue/test/recorded/caching/cache-stampede.json', import.meta.url), 'utf8'),
    ).evidence as Required<Pick<Evidence, 'traces'>>
    const keys = Array.from({ length: 4_000 }, (_, at) => at)
    const reads = { keyFraction: 1, keys, atMs: keys.map(at => 1_800_000_000_000 + at) }
    const cache = { ...traces.cache!, keys: traces.cache!.keys.map(one => ({ ...one, reads })) }
    const kept = recordingOf({ traces: { ...traces, cache } }, practice('cache-stampede'), 'a cache')!
    expect(kept.evidence.traces!.cache!.keys.map(one => one.reads)).toEqual(cache.keys.map(() => undefined))
    expect(kept.findings).toHaveLength(1)
  })

  it('makes no cut that the detector would notice', () => {
    const counts = definePractice({
      ...practice('n-plus-one-http'),
      needs: ['traces'],
      thresholds: {},
      detect: ({ traces }) => findings([{ ...aFinding, title: `${traces.traces.length} traces` }]),
    })
    expect(titlesOf(trimEvidence(shop, counts), counts)).toEqual([`${shop.traces!.traces.length} traces`])
  })
})

describe('a recording', () => {
  it('names the practice, where it is from and what was found', () => {
    const recording = recordingOf(shop, practice('n-plus-one'), 'the shop')
    expect(recording).toMatchObject({
      practice: 'n-plus-one',
      recordedFrom: 'the shop',
      findings: ['26 queries per request where 2 would do'],
    })
    expect(JSON.parse(recordingText(recording!))).toEqual(recording)
  })

  it('is not made where nothing was found', () => {
    expect(recordingOf(shop, practice('batch-writes'), 'the shop')).toBeUndefined()
    expect(recordingOf({}, practice('n-plus-one'), 'nothing')).toBeUndefined()
  })
})
