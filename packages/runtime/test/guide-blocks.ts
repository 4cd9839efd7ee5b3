/** The blocks of code of a guide, run as they are printed. */
import { readFile } from 'node:fs/promises'
import typescript from 'typescript'
import * as batch from '../src/batch/index.ts'
import * as cacheHttp from '../src/cache/http/index.ts'
import * as forExpress from '../src/cache/http/express.ts'
import * as forFastify from '../src/cache/http/fastify.ts'
import * as forHono from '../src/cache/http/hono.ts'
import * as cache from '../src/cache/index.ts'
import * as cachePostgres from '../src/cache/postgres/index.ts'
import * as cacheRedis from '../src/cache/redis/index.ts'
import * as data from '../src/data/index.ts'
import * as runtime from '../src/index.ts'
import * as redis from '../src/redis/index.ts'

type Modules = Readonly<Record<string, object>>

const own: Modules = {
  '@whetstone/runtime': runtime,
  '@whetstone/runtime/batch': batch,
  '@whetstone/runtime/cache': cache,
  '@whetstone/runtime/cache/http': cacheHttp,
  '@whetstone/runtime/cache/http/express': forExpress,
  '@whetstone/runtime/cache/http/fastify': forFastify,
  '@whetstone/runtime/cache/http/hono': forHono,
  '@whetstone/runtime/cache/postgres': cachePostgres,
  '@whetstone/runtime/cache/redis': cacheRedis,
  '@whetstone/runtime/data': data,
  '@whetstone/runtime/redis': redis,
}

type Names = Readonly<Record<string, unknown>>

interface Block {
  readonly heading: string
  readonly code: string
}

export class GuideBlocks {
  readonly #blocks: readonly Block[]
  readonly #modules: Modules
  readonly #ran = new Set<string>()

  private constructor(guide: string, modules: Modules) {
    this.#modules = { ...own, ...modules }
    this.#blocks = guide.split(/^## /m).flatMap(section => {
      const heading = section.slice(0, section.indexOf('\n'))
      return Array.from(section.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => ({ heading, code: code! }))
    })
  }

  /** @param name of the file in docs/guide @param others what its blocks import beside the runtime */
  static async of(name: string, others: Modules = {}): Promise<GuideBlocks> {
    return new GuideBlocks(await readFile(new URL(`../../../docs/guide/${name}`, import.meta.url), 'utf8'), others)
  }

  ofSection(heading: string): readonly string[] {
    return this.#blocks.filter(block => block.heading === heading).map(({ code }) => code)
  }

  /** The first lines of those that were not run. */
  leftOut(): readonly (string | undefined)[] {
    return this.#blocks.filter(({ code }) => !this.#ran.has(code)).map(({ code }) => code.split('\n')[0])
  }

  /** @param edit what the test must put in place of the reader's own @returns what the block has declared at its top */
  async run(block: string, names: Names = {}, edit = (code: string) => code): Promise<Names> {
    this.#ran.add(block)
    const code = edit(block)
    const declared = Array.from(code.matchAll(/^const (?:\{([^}]*)\}|(\w+))/gm), ([, list, one]) => list ?? one!)
    const asFunction = code
      .replace(/^import (\{[^}]*\}) from '([^']+)'$/gm, `const $1 = modules['$2']`)
      .replace(/^import (\w+) from '([^']+)'$/gm, `const $1 = modules['$2'].default`)
    const body = `return (async () => { {\n${asFunction}\nreturn { ${declared.join(', ')} }\n} })()`
    const target = typescript.ScriptTarget.ES2022
    const script = typescript.transpile(`(function (${[...Object.keys(names), 'modules'].join(', ')}) { ${body} })`, {
      target,
    })
    // The guide is ours: it is run as its reader would.
    // oxlint-disable-next-line eslint/no-eval
    return await ((0, eval)(script) as (...given: unknown[]) => Promise<Names>)(...Object.values(names), this.#modules)
  }
}
