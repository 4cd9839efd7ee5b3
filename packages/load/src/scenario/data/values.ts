/** The values behind `{names}`: which feeders a scenario has, opened once, and how each name is drawn for a user. */
import { closestTo, WhetstoneError } from '@whetstone/model'
import type { ArrivalLimit, DataSummary } from '../compiled.ts'
import type { Value } from '../definition.ts'
import type { Site } from '../site.ts'
import { scenarioError, shown } from '../site.ts'
import type { Placeholder } from '../template.ts'
import type { VirtualUser } from '../user.ts'
import type { Feeder } from './feeder.ts'
import { isFeeder } from './feeder.ts'
import type { OpenFeeder } from './open-feeder.ts'
import { isAtHand, openAtHand, openFeeder } from './open-feeder.ts'

export type Draw = (user: VirtualUser) => unknown

/** A feeder under the name it was first given. */
interface Slot {
  readonly name: string
  readonly feeder: Feeder
  open: OpenFeeder | undefined
  /** Some flow draws from it. */
  used: boolean
  readonly properties: { readonly of: Placeholder; readonly site: Site | undefined }[]
}

export class Values {
  readonly #slots = new Map<Feeder, Slot>()
  readonly #seed: number
  #places = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** A number for each place that draws, so that one user's draws differ from each other. */
  place(): number {
    return this.#places++
  }

  /** How the value of `name` is made. The feeder behind it is opened by {@link prepare} once it is marked used. */
  draw(value: Value, name: string): Draw {
    if (isFeeder(value)) {
      const slot = this.#slot(value, name)
      const place = this.place()
      return ({ arrival }) => slot.open!.at(arrival, place)
    }
    return typeof value === 'function' ? user => value(user) : () => value
  }

  /** A flow draws from the feeder; `property` is what it reads of a row, to be checked once the columns are known. */
  use(value: Value, property: Placeholder | undefined, site: Site | undefined): void {
    const slot = isFeeder(value) ? this.#slots.get(value) : undefined
    if (slot === undefined) return
    slot.used = true
    if (property !== undefined) slot.properties.push({ of: property, site })
  }

  /** Rejects with `WHET_SCENARIO_DATA`, and with `WHET_SCENARIO` for a column that is not there. */
  async prepare(folder: string): Promise<void> {
    for (const slot of this.#slots.values()) {
      if (!slot.used) continue
      slot.open ??= await opened(slot.feeder, { seed: this.#seed, folder })
      for (const { of, site } of slot.properties) checkColumn(of, slot.open, site)
    }
  }

  /** Of the feeder that is used up first. */
  limit(): ArrivalLimit | undefined {
    let least: ArrivalLimit | undefined
    for (const { name, feeder, open, used } of this.#slots.values()) {
      if (!used || feeder.order !== 'once' || open?.rows === undefined) continue
      if (least !== undefined && least.arrivals <= open.rows) continue
      least = { arrivals: open.rows, because: `${name} (${open.from}) is used once and holds ${open.rows} rows` }
    }
    return least
  }

  /** The feeders in use, for people. */
  summary(): DataSummary[] {
    return [...this.#slots.values()]
      .filter(slot => slot.used)
      .map(({ name, feeder, open }) => ({
        name,
        from: open?.from ?? sourceOf(feeder),
        order: feeder.order,
        rows: open?.rows,
      }))
  }

  #slot(feeder: Feeder, name: string): Slot {
    const known = this.#slots.get(feeder)
    if (known !== undefined) return known
    const open = isAtHand(feeder) ? openAtHand(feeder, this.#seed) : undefined
    const slot: Slot = { name, feeder, open, used: false, properties: [] }
    this.#slots.set(feeder, slot)
    return slot
  }
}

/** What is wrong with the data, and the line of the scenario that asks for it. */
async function opened(feeder: Feeder, where: Parameters<typeof openFeeder>[1]): Promise<OpenFeeder> {
  try {
    return await openFeeder(feeder, where)
  } catch (cause) {
    if (!(cause instanceof WhetstoneError) || cause.code !== 'WHET_SCENARIO_DATA' || feeder.site === undefined)
      throw cause
    throw new WhetstoneError('WHET_SCENARIO_DATA', `${shown(feeder.site)}: ${cause.message}`, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    })
  }
}

function checkColumn({ path, text }: Placeholder, open: OpenFeeder, site: Site | undefined): void {
  const [, column] = path
  if (open.columns === undefined || (column !== undefined && open.columns.includes(column))) return
  const near = column === undefined ? undefined : closestTo(column, open.columns)
  const wrong = column === undefined ? `{${text}} is a whole row` : `${open.from} has no column ${column}`
  throw scenarioError(site, `${wrong}.${near === undefined ? '' : ` Did you mean {${path[0]}.${near}}?`}`, {
    hint: `its columns: ${open.columns.join(', ')}`,
  })
}

function sourceOf({ source }: Feeder): string {
  return source.kind === 'csv' || source.kind === 'jsonl' ? source.file : 'a query'
}
