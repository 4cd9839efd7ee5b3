/** Statement texts and a few real parameter sets, from every process of the service: the whole key range rather than the newest keys. */
import type { ParameterSample, ProbeRecord, Statement } from '@whetstone/model'

const statementsKept = 10_000
const samplesKept = 8

interface Known {
  statement: Omit<Statement, 'parameters' | 'shape'>
  slowest?: ParameterSample
  others: ParameterSample[]
  seen: number
}

export class KnownStatements {
  readonly #known = new Map<string, Known>()
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  add({ kind: _kind, ...statement }: Extract<ProbeRecord, { kind: 'statement' }>): void {
    const known = this.#known.get(statement.id)
    if (known) known.statement = { ...known.statement, ...statement }
    else if (this.#known.size < statementsKept) this.#known.set(statement.id, { statement, others: [], seen: 0 })
  }

  addParameters(statementId: string, sample: ParameterSample): void {
    const known = this.#known.get(statementId)
    if (known === undefined) return
    let other = sample
    if (sample.kept === 'slowest' && sample.durationMs > (known.slowest?.durationMs ?? -1)) {
      if (known.slowest === undefined) {
        known.slowest = sample
        return
      }
      other = { ...known.slowest, kept: 'random' }
      known.slowest = sample
    }
    known.seen++
    if (known.others.length < samplesKept) known.others.push(other)
    else {
      const place = Math.floor(this.#random() * known.seen)
      if (place < samplesKept) known.others[place] = other
    }
  }

  list(): Omit<Statement, 'shape'>[] {
    return [...this.#known.values()].map(({ statement, slowest, others }) => ({
      ...statement,
      parameters: slowest ? [slowest, ...others] : others,
    }))
  }
}
