/** Keys that are asked for together go to the tier, and to the origin, together: one question for all where each would have asked for itself. */
import { Context, type Ctx } from '../../context.ts'
import type { Found } from './shared/guarded-tier.ts'

/**
 * Asks the origin for all these keys at once; none of them twice. What the answer has not, the origin does not have either. Gives up when `ctx`
 * is cancelled: nobody waits for any of them any more, or it took too long.
 */
export type ManyLoader<Value> = (
  keys: readonly string[],
  ctx: Ctx,
) => Promise<ReadonlyMap<string, Value>> | ReadonlyMap<string, Value>

/** The loads of one call, as each of them sees the others. A load is known by its context: a key may be loaded anew within one call. */
export interface Company {
  /** What the shared tier has. */
  read(key: string, ctx: Ctx): Promise<Found>
  /** What each asks for itself, a lease or a writing: few at a time, or the store would have all of them before it answers one in time. */
  inTurn<Answer>(ask: () => Promise<Answer>): Promise<Answer>
  /** It is over, or waits for another process: nobody waits for it. */
  leave(ctx: Ctx): void
}

interface Question {
  readonly kind: 'read' | 'load'
  readonly key: string
  readonly ctx: Ctx
  resolve(this: void, answer: unknown): void
  reject(this: void, error: unknown): void
}

/** Keys of one question to a tier, which does nothing else meanwhile. */
const keysAtOnce = 1_000
/** Enough to fill a round trip or a pool, and few enough that the last of them is answered in time. */
const turnsAtOnce = 32

export class Many implements Company {
  readonly #load: ManyLoader<unknown>
  readonly #readTier: (keys: readonly string[]) => Promise<readonly Found[]>
  readonly #asking = new Map<Ctx, Question>()
  /** Between two questions: what they ask next is waited for. */
  readonly #onTheWay = new Set<Ctx>()
  readonly #waitingForTurn: (() => void)[] = []
  #freeTurns = turnsAtOnce
  #isGoing = false

  constructor(load: ManyLoader<unknown>, readTier: (keys: readonly string[]) => Promise<readonly Found[]>) {
    this.#load = load
    this.#readTier = readTier
  }

  read(key: string, ctx: Ctx): Promise<Found> {
    return this.#ask('read', key, ctx) as Promise<Found>
  }

  /** What the origin has. */
  load(key: string, ctx: Ctx): Promise<unknown> {
    return this.#ask('load', key, ctx)
  }

  async inTurn<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#freeTurns > 0) this.#freeTurns--
    else await new Promise<void>(resolve => this.#waitingForTurn.push(resolve))
    try {
      return await ask()
    } finally {
      const next = this.#waitingForTurn.shift()
      if (next === undefined) this.#freeTurns++
      else next()
    }
  }

  leave(ctx: Ctx): void {
    if (this.#onTheWay.delete(ctx)) this.#goSoon()
  }

  #ask(kind: Question['kind'], key: string, ctx: Ctx): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#onTheWay.delete(ctx)
      this.#asking.set(ctx, { kind, key, ctx, resolve, reject })
      this.#goSoon()
    })
  }

  /** Those that begin together do so one after the other, within one turn. */
  #goSoon(): void {
    if (this.#isGoing) return
    this.#isGoing = true
    queueMicrotask(() => {
      this.#isGoing = false
      if (this.#onTheWay.size === 0) this.#go()
    })
  }

  /** The tier before the origin: what it has need not be loaded, and what it has not is loaded together. */
  #go(): void {
    const all = [...this.#asking.values()]
    const reads = all.filter(({ kind }) => kind === 'read')
    const questions = reads.length > 0 ? reads : all
    for (const { kind, ctx } of questions) {
      this.#asking.delete(ctx)
      if (kind === 'read') this.#onTheWay.add(ctx)
    }
    if (questions !== reads) return void this.#answerLoads(questions)
    for (let at = 0; at < reads.length; at += keysAtOnce) void this.#answerReads(reads.slice(at, at + keysAtOnce))
  }

  async #answerReads(questions: readonly Question[]): Promise<void> {
    await answer(questions, async () => {
      const found = await this.#readTier(questions.map(({ key }) => key))
      return (_, at) => found[at]
    })
  }

  async #answerLoads(questions: readonly Question[]): Promise<void> {
    const wanted = questions.filter(({ ctx }) => !ctx.cancelled)
    for (const { ctx, reject } of questions) if (ctx.cancelled) reject(ctx.reason)
    if (wanted.length === 0) return
    let waiting = wanted.length
    const batch = new Context(Math.max(...wanted.map(({ ctx }) => ctx.deadlineMs)))
    const stopListening = wanted.map(({ ctx }) => ctx.onCancel(reason => --waiting === 0 && batch.cancel(reason)))
    await answer(wanted, async () => {
      const loaded = await this.#load([...new Set(wanted.map(({ key }) => key))], batch)
      return ({ key }) => loaded.get(key)
    })
    for (const stop of stopListening) stop()
  }
}

/** Whatever becomes of one question becomes of all, and of no other. */
async function answer(
  questions: readonly Question[],
  ask: () => Promise<(question: Question, at: number) => unknown>,
): Promise<void> {
  try {
    const answerOf = await ask()
    questions.forEach((question, at) => question.resolve(answerOf(question, at)))
  } catch (error) {
    for (const { reject } of questions) reject(error)
  }
}
