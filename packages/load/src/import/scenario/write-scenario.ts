/** A draft as the text of a scenario file that a person would be happy to edit, and the files of data beside it. */
import type {
  DraftBody,
  DraftFeeder,
  DraftFlow,
  DraftRequest,
  DraftStep,
  EnvironmentValue,
  GeneratedValue,
  ScenarioDraft,
} from './draft.ts'
import { array, call, type Code, literalCode, object, printed, quoted } from './code.ts'
import { csvText } from './csv-text.ts'

export interface WrittenScenario {
  readonly text: string
  /** To be written beside it, where the text looks for them. */
  readonly files: readonly { readonly name: string; readonly text: string }[]
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'head',
  POST: 'post',
  PUT: 'put',
  PATCH: 'patch',
  DELETE: 'del',
}
/** Things that were left out and are named at the head of the file. */
const MAX_NAMED = 10

/** @param base the name of the file without its ending; data files are named after it */
export function writeScenario(draft: ScenarioDraft, base: string): WrittenScenario {
  const page = new Page(base)
  const body = page.scenario(draft)
  return { text: `${headOf(draft)}\n${page.imports()}\nexport default ${body}\n${page.functions()}`, files: page.files }
}

/** Collects the words the text uses and the files it needs while it is written. */
class Page {
  readonly files: { name: string; text: string }[] = []
  readonly #base: string
  readonly #words = new Set(['scenario', 'flow'])
  #usesEnvironment = false
  #usesUuid = false

  constructor(base: string) {
    this.#base = base
  }

  scenario(draft: ScenarioDraft): string {
    const data = [
      ...draft.environment.map(value => this.#environment(value)),
      ...draft.generated.map(value => this.#generated(value)),
    ]
    const entries: (readonly [string, Code])[] = [
      ['name', quoted(draft.name)],
      ['target', quoted(draft.target)],
      ...(Object.keys(draft.headers).length === 0 ? [] : [['headers', literalCode(draft.headers)] as const]),
      ...(data.length === 0 ? [] : [['data', object(data, true)] as const]),
      ['flows', array(draft.flows.map(flow => this.#flow(flow)))],
    ]
    return printed(call('scenario', object(entries, true)))
  }

  imports(): string {
    const node = this.#usesUuid ? "import { randomUUID } from 'node:crypto'\n" : ''
    return `${node}import { ${[...this.#words].sort().join(', ')} } from '@whetstone/load'\n`
  }

  functions(): string {
    if (!this.#usesEnvironment) return ''
    return `
/** What must not stand in a file that others read. */
function environment(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(\`set \${name}: its value is not in this file\`)
  return value
}
`
  }

  #environment({ name, variable, why }: EnvironmentValue): readonly [string, Code, string[]] {
    this.#usesEnvironment = true
    const comment = why === 'secret' ? 'A secret of the recording.' : 'The collection gives it no value.'
    return [name, `environment(${quoted(variable)})`, [comment]]
  }

  #generated({ name, make }: GeneratedValue): readonly [string, Code] {
    if (make === 'uuid') this.#usesUuid = true
    const makers = {
      uuid: '() => randomUUID()',
      seconds: '() => Math.floor(Date.now() / 1_000)',
      number: '() => Math.floor(Math.random() * 1_001)',
    }
    return [name, makers[make]]
  }

  #flow({ name, weight, steps }: DraftFlow): Code {
    const codes = steps.map(step => this.#step(step, name))
    return call('flow', quoted(name), ...(weight === 1 ? [] : [object([['weight', String(weight)]])]), array(codes))
  }

  #step(step: DraftStep, flow: string): Code {
    if (step.kind === 'think') {
      this.#words.add('think')
      return `think(${quoted(durationText(step.ms))})`
    }
    const options = this.#options(step, flow)
    const verb = VERBS[step.method]
    const given = options.length === 0 ? [] : [object(options)]
    this.#words.add(verb ?? 'request')
    return verb === undefined
      ? call('request', quoted(step.method), quoted(step.path), ...given)
      : call(verb, quoted(step.path), ...given)
  }

  #options(step: DraftRequest, flow: string): (readonly [string, Code])[] {
    const feeders = Object.entries(step.with)
    return [
      ...(step.name === undefined || step.name === defaultName(step) ? [] : [['name', quoted(step.name)] as const]),
      ...(Object.keys(step.headers).length === 0 ? [] : [['headers', literalCode(step.headers)] as const]),
      ...(feeders.length === 0
        ? []
        : [
            [
              'with',
              object(feeders.map(([name, feeder]) => [name, this.#feeder(feeder, step.name ?? flow)] as const)),
            ] as const,
          ]),
      ...(step.body === undefined ? [] : [bodyOption(step.body)]),
    ]
  }

  #feeder(feeder: DraftFeeder, route: string): Code {
    if (feeder.kind === 'list') {
      this.#words.add('list')
      return call('list', array(feeder.values.map(literalCode)))
    }
    this.#words.add('csv')
    const wanted = `${this.#base}.${fileName(route)}`
    let name = `${wanted}.csv`
    for (let count = 2; this.files.some(file => file.name === name); count++) name = `${wanted}-${count}.csv`
    this.files.push({ name, text: csvText(feeder.columns, feeder.rows) })
    // At random: in turn, a service whose cache is smaller than the file would never hit it.
    return `csv(${quoted(name)}, { order: 'random' })`
  }
}

function headOf({ source, leftOut }: ScenarioDraft): string {
  const named = leftOut.slice(0, MAX_NAMED).map(({ why }) => `// ${oneLine(why)}`)
  const more = leftOut.length > MAX_NAMED ? [`// and ${leftOut.length - MAX_NAMED} more`] : []
  return [
    `/** Made from ${oneLine(source).replaceAll('*/', '*')} by \`whetstone load import\`, and yours to edit. */`,
    ...named,
    ...more,
  ].join('\n')
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]+/g, ' ')
}

function bodyOption(body: DraftBody): readonly [string, Code] {
  if (body.kind === 'json') return ['json', literalCode(body.value)]
  return body.kind === 'form' ? ['form', literalCode(body.fields)] : ['body', quoted(body.text)]
}

/** What a step is called when it says nothing: the path with its names. */
function defaultName({ method, path }: DraftRequest): string {
  const plain = path.replace(/[?#].*$/, '')
  return `${method} ${plain.replaceAll(/\{\+?([^{}]+)\}/g, (_, name: string) => `:${name.split('.').at(-1)}`)}`
}

/** `get-orders-id` of `GET /orders/:id`. */
function fileName(route: string): string {
  return (
    route
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'rows'
  )
}

function durationText(ms: number): string {
  return ms >= 1_000 ? `${ms / 1_000}s` : `${ms}ms`
}
