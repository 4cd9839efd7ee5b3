/** `whetstone catalogue`: one row per practice of the roadmap, and how far each is built. */
import { catalogueRows, type CatalogueRow } from '../catalogue-rows.ts'
import { chapters, exitCodes, WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'

export interface CatalogueOptions {
  readonly json?: boolean
  readonly chapter?: string
}

export function catalogueCommand(options: CatalogueOptions, context: CommandContext): void {
  const known: readonly string[] = chapters
  if (options.chapter !== undefined && !known.includes(options.chapter)) {
    throw new WhetstoneError('WHET_UNKNOWN_CHAPTER', `there is no chapter '${options.chapter}'`, {
      hint: `chapters: ${known.join(', ')}`,
      exitCode: exitCodes.usage,
    })
  }
  const rows = catalogueRows().filter(row => !options.chapter || row.chapter === options.chapter)
  if (options.json) return context.json(rows)
  for (const chapter of chapters)
    printChapter(
      rows.filter(row => row.chapter === chapter),
      chapter,
      context,
    )
  const built = rows.filter(row => row.detector).length
  context.terminal.out(
    `  ${rows.length} practices, ${built} with a detector, ${rows.filter(row => row.experiment).length} with a measured experiment`,
  )
  printNext('whetstone explain n-plus-one', context.terminal)
}

function printChapter(rows: readonly CatalogueRow[], chapter: string, { terminal }: CommandContext): void {
  if (rows.length === 0) return
  terminal.out(terminal.colour.bold(chapter))
  for (const row of rows) {
    const marks = [row.detector && 'detector', row.page && 'page', row.experiment && 'experiment']
      .filter(Boolean)
      .join(', ')
    terminal.out(`  ${row.id.padEnd(34)} ${marks || terminal.colour.dim('not built')}`)
  }
  terminal.out()
}
