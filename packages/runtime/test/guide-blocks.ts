/** The blocks of code of a guide, run as they are printed. */
import { readFile } from 'node:fs/promises'
import typescript from 'typescript'
import * as batch from '../src/batch/index.ts'
import * as cache from '../src/cache/index.ts'
import * as cachePostgres from '../src/cache/postgres/index.ts'
import * as cacheRedis from '../src/cache/redis/index.ts'
import * as data from '../src/data/index.ts'
import * as runtime from '../src/index.ts'

const modules: Readonly<Record<string, object>> = {
  '@whetstone/runtime': runtime,
  '@whetstone/runtime/batch': batch,
  '@whetstone/runtime/cache': cache,
  '@whetstone/runtime/cache/postgres': cachePostgres,
  '@whetstone/runtime/cache/redis': cacheRedis,
  '@whetstone/runtime/data': data,
}

type Names = Readonly<Record<string, unknown>>

interface Block {
  readonly heading: string
  readonly code: string
}

export class GuideBlocks {
  readonly #blocks: readonly Block[]
  readonly #ran = new Set<string>()

  private constructor(guide: string) {
    this.#blocks = guide.split(/^## /m).flatMap(section => {
      const heading = section.slice(0, section.indexOf('\n'))
      return Array.from(section.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => ({ heading, code: code! }))
    })
  }

  /** @param name of the file in docs/guide */
  static async of(name: string): Promise<GuideBlocks> {
    return new GuideBlocks(await readFile(new URL(`../../../docs/guide/${name}`, import.meta.url), 'utf8'))
  }

  ofSection(heading: string): readonly string[] {
    return this.#blocks.filter(block => block.heading === heading).map(({ code }) => code)
  }

  /** The first lines of those that were not run. */
  leftOut(): readonly (string | undefined)[] {
    return this.#blocks.filter(({ code }) => !this.#ran.has(code)).map(({ code }) => code.split('\n')[0])
  }

  /** @param edit what the test must put in place of the reader's own @returns what the block has declared at its top */
  async run(block: string, names: Names, edit = (code: string) => code): Promise<Names> {
    this.#ran.add(block)
    const code = edit(block)
    const declared = Array.from(code.matchAll(/^const (?:\{([^}]*)\}|(\w+))/gm), ([, list, one]) => list ?? one!)
    const asFunction = code.replace(/^import (\{[^}]*\}) from '(@whetstone[^']+)'$/gm, `const $1 = modules['$2']`)
    const body = `return (async () => { {\n${asFunction}\nreturn { ${declared.join(', ')} }\n} })()`
    const target = typescript.ScriptTarget.ES2022
    const script = typescript.transpile(`(function (${[...Object.keys(names), 'modules'].join(', ')}) { ${body} })`, {
      target,
    })
    // The guide is ours: it is run as its reader would.
    // oxlint-disable-next-line eslint/no-eval
    return await ((0, eval)(script) as (...given: unknown[]) => Promise<Names>)(...Object.values(names), modules)
  }
}
