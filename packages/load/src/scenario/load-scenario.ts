/** Reads a scenario file, TypeScript or JavaScript, and compiles what it exports. */
import { realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { closestTo, isWhetstoneError, WhetstoneError } from '@whetstone/model'
import type { LoadTarget, ScenarioReference } from '../plan.ts'
import { loadTarget } from '../plan.ts'
import { compileScenario } from './compile.ts'
import type { CompiledScenario } from './compiled.ts'
import type { Scenario } from './define.ts'
import { isScenario } from './define.ts'
import type { Site } from './site.ts'
import { scenarioError, shownPath, siteIn } from './site.ts'

export interface LoadScenarioOptions {
  /** Default the scenario's own. */
  readonly target?: LoadTarget
  /** Default 1. */
  readonly seed?: number
}

/**
 * The scenario that a file exports, or one of the `scenarios` of a `whetstone.config.ts`, ready for the engine. Nothing is
 * sent and no data is read yet. Rejects with `WHET_SCENARIO`, naming file and line where they are known.
 */
export async function loadScenario(
  reference: ScenarioReference,
  { target, seed = 1 }: LoadScenarioOptions = {},
): Promise<CompiledScenario> {
  const scenario = chosen(await importFile(reference.file), reference)
  return compileScenario(scenario, {
    target: target ?? targetOf(scenario),
    seed,
    folder: dirname(reference.file),
    now: () => Date.now(),
  })
}

function targetOf({ definition, site }: Scenario): LoadTarget {
  const { name, target } = definition
  if (target === undefined) {
    throw scenarioError(site, `scenario ${name} names no target`, {
      hint: "target: 'http://127.0.0.1:3000', or the address on the command line",
    })
  }
  if (!URL.canParse(target)) throw scenarioError(site, `the target ${JSON.stringify(target)} is not a URL`)
  return loadTarget(new URL(target))
}

function chosen(module: Readonly<Record<string, unknown>>, { file, name }: ScenarioReference): Scenario {
  // A file that was loaded as CommonJS has its default export inside another.
  const outer = module['default']
  const fallback = isScenario(outer) ? outer : ((outer as { default?: unknown } | undefined)?.default ?? outer)
  const config = (fallback as { scenarios?: Readonly<Record<string, unknown>> } | undefined)?.scenarios ?? {}
  const named = Object.fromEntries(
    Object.entries({ ...module, ...config }).filter((entry): entry is [string, Scenario] => isScenario(entry[1])),
  )
  const names = Object.keys(named).filter(other => other !== 'default')
  if (name === undefined) {
    if (isScenario(fallback)) return fallback
    if (names.length === 1) return named[names[0]!]!
    throw new WhetstoneError(
      'WHET_SCENARIO',
      names.length === 0 ? `${file} exports no scenario` : `${file} holds several scenarios: ${names.join(', ')}`,
      { hint: names.length === 0 ? 'export default scenario({ … })' : 'say which' },
    )
  }
  const found = named[name]
  if (found !== undefined) return found
  const near = closestTo(name, names)
  throw new WhetstoneError(
    'WHET_SCENARIO',
    `${file} has no scenario ${name}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    { hint: names.length === 0 ? 'it exports none' : `it has: ${names.join(', ')}` },
  )
}

/** By the process's own loader where it can read the file; by jiti, which compiles TypeScript, where it cannot. */
async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = await realpath(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? `no scenario file ${shownPath(file)}` : `${shownPath(file)}: ${cause.message}`
    throw new WhetstoneError('WHET_SCENARIO', why, { cause })
  })
  try {
    if (!findsOurPackage(path)) return await importByJiti(path)
    try {
      return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
    } catch (error) {
      // None of the file ran: Node does not read it, or refuses it without saying where, which jiti does.
      const unread = NOT_FOR_NODE.has((error as NodeJS.ErrnoException).code ?? '') || error instanceof SyntaxError
      if (!unread) throw error
    }
    return await importByJiti(path)
  } catch (cause) {
    if (isWhetstoneError(cause)) throw cause
    const { place, message } = failureIn(path, cause)
    throw scenarioError(place, place === undefined ? `${file}: ${message}` : message, { cause })
  }
}

/** Compilers put the place into the message, programs into the stack. */
function failureIn(file: string, cause: unknown): { readonly place: Site | undefined; readonly message: string } {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  const [first = ''] = error.message.split('\n')
  const compiler = new RegExp(
    String.raw`${file.replaceAll(/[^\w/]/g, String.raw`\$&`)}:(\d+):\d+(?:: ERROR: (.*))?$`,
    'm',
  ).exec(error.message)
  if (compiler === null) return { place: siteIn(file, error.stack ?? ''), message: first }
  return {
    place: { file, line: Number(compiler[1]) },
    message: compiler[2] ?? first.replace('ParseError: ', '').trim(),
  }
}

/** What Node says of TypeScript it cannot read, before it runs any of it. */
const NOT_FOR_NODE = new Set([
  ...['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'],
  // TypeScript in a folder of type commonjs, read while our own modules are still being loaded.
  'ERR_REQUIRE_CYCLE_MODULE',
])

/** A scenario may lie where nothing was installed; trying first and failing halfway could run the author's code twice. */
function findsOurPackage(file: string): boolean {
  try {
    createRequire(file).resolve('@whetstone/load')
    return true
  } catch {
    return false
  }
}

async function importByJiti(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti')
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  // Handed over as it is: compiling ours a second time would take jiti seconds.
  const ours: unknown = await import(new URL(`../index${extension}`, import.meta.url).href)
  return await createJiti(import.meta.url, { virtualModules: { '@whetstone/load': ours } }).import(file)
}
