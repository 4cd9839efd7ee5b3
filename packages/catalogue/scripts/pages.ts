/** `npm run docs`: writes docs/practices and docs/claims.md from the catalogue and the results of the experiments. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { practices } from '../src/index.ts'
import { renderClaims } from './claims.ts'
import { renderIndex, renderPage } from './render-page.ts'
import { resultOf } from './results.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
export const pagesFolder = join(root, 'docs/practices')
export const claimsFile = join(root, 'docs/claims.md')

/** Path below docs/practices to text, for every page there should be. */
export function allPages(): ReadonlyMap<string, string> {
  return new Map([
    ['README.md', renderIndex(practices)],
    ...practices.map(
      practice =>
        [
          `${practice.chapter}/${practice.id}.md`,
          renderPage(practice, resultOf(`${practice.chapter}/${practice.id}`)),
        ] as const,
    ),
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(pagesFolder, { recursive: true, force: true })
  for (const [path, text] of allPages()) {
    mkdirSync(dirname(join(pagesFolder, path)), { recursive: true })
    writeFileSync(join(pagesFolder, path), text)
  }
  writeFileSync(claimsFile, renderClaims())
  process.stdout.write(`${allPages().size} pages written to docs/practices\n`)
}
