import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { practices } from '../src/index.ts'
import { renderClaims } from '../scripts/claims.ts'
import { allPages, claimsFile, pagesFolder } from '../scripts/pages.ts'
import { renderPage } from '../scripts/render-page.ts'

describe('the pages of the practices', () => {
  it('are what the modules say: run `npm run docs` when this fails', () => {
    const written = readdirSync(pagesFolder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md'))
    const pages = allPages()
    expect(written.toSorted()).toEqual([...pages.keys()].toSorted())
    for (const [path, text] of pages) expect(readFileSync(join(pagesFolder, path), 'utf8'), path).toBe(text)
  })

  it('have the claims beside them, with what was measured', () => {
    expect(readFileSync(claimsFile, 'utf8')).toBe(renderClaims())
  })

  it('show what an experiment measured', () => {
    const page = renderPage(practices[0]!, {
      metric: 'p50Ms',
      verdict: 'better',
      answer: 'same',
      ratio: { estimate: 5, low: 4.3, high: 5.61 },
    })
    expect(page).toContain('p50Ms before ÷ after = **5×** (95 % interval 4.3 to 5.61), verdict better; answers: same.')
  })

  it('show what a drill counted', () => {
    const page = renderPage(practices[0]!, {
      counts: 'requests cut off at each stop',
      before: [9, 10, 10],
      after: [0, 0, 1],
      ratio: 10,
      verdict: 'better',
    })
    expect(page).toContain(
      'The drill counted requests cut off at each stop in 3 rounds, each with fresh processes: **10** before, **0** after (medians), verdict better.',
    )
  })
})
