/** Which `{names}` a flow may use at each of its steps, and which of the scenario's data it thereby draws. */
import { closestTo } from '@whetstone/model'
import type { Value } from './definition.ts'
import type { Draw, Values } from './data/values.ts'
import type { Site } from './site.ts'
import { scenarioError } from './site.ts'
import type { Placeholder } from './template.ts'

/** Every user has these. */
const GIVEN = ['arrival', 'shared']

export interface DataValue {
  readonly value: Value
  readonly draw: Draw
}

export class FlowScope {
  readonly #data: ReadonlyMap<string, DataValue>
  readonly #values: Values
  readonly #known: Set<string>
  /** Names given by steps so far, which hide data of the same name; with what they draw from, when that is known. */
  readonly #own = new Map<string, Value | undefined>()
  readonly #used = new Set<string>()

  constructor(data: ReadonlyMap<string, DataValue>, values: Values) {
    this.#data = data
    this.#values = values
    this.#known = new Set([...GIVEN, ...data.keys()])
  }

  /** From here on the flow knows `name`. Throws `WHET_SCENARIO` for a name that users have anyway, or that no template could use. */
  define(name: string, site: Site | undefined, value?: Value): void {
    checkName(name, site)
    this.#known.add(name)
    this.#own.set(name, value)
    if (value === undefined) return
    this.#values.use(value, undefined, site)
    if (typeof value === 'function') this.useAll()
  }

  /** Throws `WHET_SCENARIO` when nothing gave the name before. */
  use(placeholder: Placeholder, site: Site | undefined): void {
    const [name] = placeholder.path
    if (!this.#known.has(name)) throw unknownName(placeholder, [...this.#known], site)
    const ofData = this.#own.has(name) ? undefined : this.#data.get(name)?.value
    if (ofData !== undefined) this.#used.add(name)
    if (typeof ofData === 'function') this.useAll()
    const value = ofData ?? this.#own.get(name)
    if (value !== undefined) this.#values.use(value, placeholder, site)
  }

  /** A function of the author may read any of the data. */
  useAll(): void {
    for (const [name, { value }] of this.#data) {
      this.#used.add(name)
      this.#values.use(value, undefined, undefined)
    }
  }

  /** The data to draw for each user of the flow. Complete after its last step. */
  drawn(): (readonly [name: string, value: DataValue])[] {
    // In the order of the scenario: a function of the user may read what stands before it.
    return [...this.#data].filter(([name]) => this.#used.has(name))
  }
}

export function checkName(name: string, site: Site | undefined): void {
  if (GIVEN.includes(name)) throw scenarioError(site, `{${name}} is a name every user has already`)
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw scenarioError(site, `${JSON.stringify(name)} cannot be a {name}: letters, digits and _, no digit first`)
  }
}

function unknownName({ text, path: [name] }: Placeholder, known: readonly string[], site: Site | undefined): Error {
  const near = closestTo(name, known)
  return scenarioError(
    site,
    `{${text}} is not known here.${near === undefined ? '' : ` Did you mean {${text.replace(name, near)}}?`}`,
    {
      hint: [
        `known at this step: ${known.join(', ')}`,
        `a call that sets it says so: call(…, { gives: ['${name}'] }); a literal {${text}} is written {{${text}}}`,
      ].join('\n'),
    },
  )
}
