/** `whetstone load import`: a scenario file from requests that people already have. */
import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { type ImportedScenario, importScenario, placeOf, writeScenario } from '@whetstone/load/import'
import { WhetstoneError } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { shellWord } from '../command-line.ts'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadImportOptions } from './load-import-options.ts'

/** @throws WhetstoneError WHET_FILE, WHET_IMPORT_FORMAT, WHET_IMPORT_SIZE, WHET_IMPORT_REFUSED, WHET_IMPORT_EMPTY, WHET_IMPORT_EXISTS, WHET_URL */
export async function loadImportCommand(
  source: string,
  options: LoadImportOptions,
  context: CommandContext,
): Promise<void> {
  if (options.baseUrl !== undefined && !/^https?:\/\//i.test(URL.canParse(options.baseUrl) ? options.baseUrl : ''))
    throw new WhetstoneError('WHET_URL', `--base-url '${options.baseUrl}' is not a URL`, {
      hint: 'such as http://127.0.0.1:3000',
    })
  const base = baseName(source)
  const output = resolve(context.workingDirectory, options.output ?? `${base}.scenario.ts`)
  const imported = importScenario(await sourceOf(source, context), {
    name: base,
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    keepSecrets: options.keepSecrets ?? false,
    writes: options.writes ?? false,
    assets: options.assets ?? false,
    random: seededRandom(1),
  })
  if (options.onBad === 'refuse' && imported.unreadable > 0) {
    throw new WhetstoneError('WHET_IMPORT_REFUSED', `${unreadableText(imported)}, and --on-bad is refuse`, {
      hint: problemLines(imported).join('\n'),
    })
  }
  if (imported.draft.flows.length === 0) {
    throw new WhetstoneError(
      'WHET_IMPORT_EMPTY',
      `no request of ${imported.draft.source.replace(/^.* of /, '')} can be sent again`,
      {
        hint: [...problemLines(imported), ...imported.draft.leftOut.slice(0, mostShown).map(({ why }) => why)].join(
          '\n',
        ),
      },
    )
  }
  const files = await written(imported, output, options)
  report(imported, files, options, context)
}

/** Problems that are shown one by one. */
const mostShown = 10

function problemLines({ problems, unreadable }: ImportedScenario): string[] {
  const shown = problems.slice(0, mostShown).map(problem => `${placeOf(problem)} ${problem.why}`)
  return unreadable > shown.length ? [...shown, `and ${unreadable - shown.length} more`] : shown
}

function unreadableText({ unreadable }: ImportedScenario): string {
  return unreadable === 1 ? '1 line or entry could not be read' : `${unreadable} lines or entries could not be read`
}

async function sourceOf(source: string, { workingDirectory }: CommandContext) {
  if (isCurl(source)) return { file: 'the command', bytes: Buffer.from(source) }
  if (source === '-') return { file: 'standard input', bytes: await allOf(process.stdin) }
  const bytes = await readFile(resolve(workingDirectory, source)).catch((cause: Error) => {
    throw new WhetstoneError('WHET_FILE', `${source} cannot be read: ${cause.message}`, { cause })
  })
  return { file: source, bytes }
}

async function allOf(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(Buffer.from(piece as Uint8Array))
  return Buffer.concat(pieces)
}

function isCurl(source: string): boolean {
  return /^\s*curl\s/.test(source)
}

function baseName(source: string): string {
  if (isCurl(source) || source === '-') return 'imported'
  const name = basename(source).replace(
    /(\.(har|json|jsonl|ya?ml|log|txt|sh|pb|proto|binpb|postman_collection))+$/i,
    '',
  )
  return name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+/, '') || 'imported'
}

/** The scenario, its data and its arrival times; none of them over a file that is there. */
async function written(imported: ImportedScenario, output: string, options: LoadImportOptions): Promise<string[]> {
  const base = basename(output)
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/\.scenario$/, '')
  const { text, files } = writeScenario(imported.draft, base)
  const { arrivalsMs } = imported.draft
  const arrivals =
    options.arrivals && arrivalsMs.length > 0
      ? [{ name: `${base}.arrivals.txt`, text: `${arrivalsMs.join('\n')}\n` }]
      : []
  const all = [
    { path: output, text },
    ...[...files, ...arrivals].map(file => ({ path: join(dirname(output), file.name), text: file.text })),
  ]
  for (const file of all) {
    await writeFile(file.path, file.text, { flag: options.force ? 'w' : 'wx' }).catch(
      (cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'EEXIST')
          throw new WhetstoneError('WHET_FILE', `${file.path} cannot be written: ${cause.message}`, { cause })
        throw new WhetstoneError('WHET_IMPORT_EXISTS', `${basename(file.path)} is already here`, {
          cause,
          hint: 'write over it with --force, or give another name: --output other.scenario.ts',
        })
      },
    )
  }
  return all.map(({ path }) => path)
}

function report(
  imported: ImportedScenario,
  files: readonly string[],
  options: LoadImportOptions,
  context: CommandContext,
): void {
  const { terminal, workingDirectory } = context
  const { draft, format, requests, problems, unreadable } = imported
  for (const line of problemLines(imported)) terminal.progress(`  ${terminal.marks.warn} ${line}`)
  if (unreadable > 0)
    terminal.progress(`  ${terminal.marks.warn} ${unreadableText(imported)}; --on-bad refuse would refuse them`)
  for (const { why } of draft.leftOut.slice(0, mostShown)) terminal.progress(`  ${terminal.marks.warn} ${why}`)
  if (draft.leftOut.length > mostShown)
    terminal.progress(`  ${terminal.marks.warn} and ${draft.leftOut.length - mostShown} more`)
  if (options.arrivals && draft.arrivalsMs.length === 0)
    terminal.progress(`  ${terminal.marks.warn} no times are recorded: there is nothing to replay`)
  const shown = files.map(file => relative(workingDirectory, file))
  const variables = draft.environment.map(({ variable }) => variable)
  if (options.json) {
    context.json({
      format,
      requests,
      flows: draft.flows.length,
      files: shown,
      set: variables,
      unreadable,
      problems,
      leftOut: draft.leftOut,
    })
    return
  }
  terminal.out(
    `  Wrote ${shown[0]}: ${draft.flows.length === 1 ? '1 flow' : `${draft.flows.length} flows`} made from ${draft.source}`,
  )
  for (const file of shown.slice(1)) terminal.out(`  Wrote ${file}`)
  if (variables.length > 0) terminal.out(`  Set before the run, for it is not in the file: ${variables.join(', ')}`)
  const replay = shown.find(file => file.endsWith('.arrivals.txt'))
  const shape = replay === undefined ? '' : ` --shape ${shellWord(`replay:${replay}`)}`
  printNext(`whetstone load --scenario ${shellWord(shown[0]!)}${shape}`, terminal)
}
