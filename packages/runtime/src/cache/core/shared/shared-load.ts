/** A load that all processes share: the tier first, then one of them asks the origin and the others wait for what it found. */
import type { Ctx } from '../../../context.ts'
import { Context } from '../../../context.ts'
import type { Lease, Leases, LoadOutcome, Version } from '../../tier.ts'
import { within } from '../../within.ts'
import { failedElsewhereFault } from '../faults.ts'
import type { Company } from '../many.ts'
import type { GuardedTier, SharedEntry } from './guarded-tier.ts'

/** What a load came to. */
export interface Arrival {
  readonly entry: SharedEntry
  /** From the tier; may be stale, and then has to be loaded behind who takes it. */
  readonly shared: boolean
  /** False for what was loaded and refused by the tier: invalidated meanwhile, so only for those who waited. */
  readonly keep: boolean
}

export interface SharedLoadPlan {
  readonly key: string
  readonly tags: readonly string[]
  /** An entry of the tier counts only when it is newer: what is loaded early is still fresh there. */
  readonly newerThan: Version | undefined
  /** Of the load as a whole. */
  readonly ctx: Ctx
  readonly company: Company | undefined
  /** Whether an entry of the tier will do: fresh, or stale and still to be served. */
  serves(entry: SharedEntry): boolean
  /** Told of the tier's version, once it is known and before the load begins. */
  onVersion(version: Version): void
  /** Seen in the tier on the way, not to be served unless the load fails. */
  onFallback(entry: SharedEntry): void
  /** Asks the origin. @param version 0 when the tier could not say */
  load(version: Version): Promise<SharedEntry>
}

/** How often a lease is waited for again when its holder was lost; then the origin is asked without one. */
const mostWaits = 5

export class SharedLoads {
  constructor(
    private readonly tier: GuardedTier,
    private readonly leases: Leases | undefined,
    private readonly holdMs: number,
    private readonly timeoutMs: number,
  ) {}

  async run(plan: SharedLoadPlan): Promise<Arrival> {
    for (let waits = 0; ; waits++) {
      const { entry, version } = await this.#read(plan)
      if (entry !== undefined) return { entry, shared: true, keep: true }
      if (version === undefined) return await this.#load(plan, 0)
      if (this.leases === undefined || waits >= mostWaits) return await this.#load(plan, version)
      const take = this.#take.bind(this, this.leases, plan)
      const lease = await (plan.company?.inTurn(take) ?? take())
      if (lease === 'unknown') return await this.#load(plan, version)
      if (lease !== undefined) return await this.#loadHolding(lease, plan)
      plan.company?.leave(plan.ctx)
      const outcome = await this.#wait(this.leases, plan)
      if (outcome.kind === 'failed') throw failedElsewhereFault(plan.key, outcome.message)
      // What was found and is not there cannot be kept: every process has to ask for itself, better at once than in turn.
      if (outcome.kind === 'stored') waits = mostWaits - 1
    }
  }

  async #read(plan: SharedLoadPlan): Promise<{ entry: SharedEntry | undefined; version: Version | undefined }> {
    const { key, tags, ctx, company } = plan
    const { entry, version } = await (company?.read(key, ctx) ?? this.tier.read(key, tags))
    if (version !== undefined) plan.onVersion(version)
    if (entry === undefined || (plan.newerThan !== undefined && entry.version <= plan.newerThan))
      return { entry: undefined, version }
    if (plan.serves(entry)) return { entry, version }
    plan.onFallback(entry)
    return { entry: undefined, version }
  }

  async #load(plan: SharedLoadPlan, version: Version): Promise<Arrival> {
    const entry = await plan.load(version)
    const write = (): Promise<boolean | undefined> => this.tier.write(plan.key, entry)
    return { entry, shared: false, keep: (await (plan.company?.inTurn(write) ?? write())) !== false }
  }

  async #loadHolding(lease: Lease, plan: SharedLoadPlan): Promise<Arrival> {
    const timer = setInterval(() => void lease.extend(this.holdMs).catch(nothing), this.holdMs / 3).unref()
    let outcome: LoadOutcome = { kind: 'lost' }
    try {
      // Somebody may have held it, and stored, since the tier was asked.
      const { entry, version } = await this.#read(plan)
      if (entry === undefined) {
        const arrival = await this.#load(plan, version ?? 0)
        outcome = { kind: 'stored' }
        return arrival
      }
      outcome = { kind: 'stored' }
      return { entry, shared: true, keep: true }
    } catch (error) {
      // Nobody waited here any more: others may, and one of them tries.
      if (!plan.ctx.cancelled) outcome = { kind: 'failed', message: messageOf(error) }
      throw error
    } finally {
      clearInterval(timer)
      const release = (): Promise<void> => lease.release(outcome)
      void (plan.company?.inTurn(release) ?? release())
    }
  }

  /** @returns undefined while somebody else holds it, `unknown` when that could not be learnt */
  async #take(leases: Leases, { key }: SharedLoadPlan): Promise<Lease | undefined | 'unknown'> {
    const ctx = new Context(performance.now() + this.timeoutMs)
    return await within(leases.take(key, this.holdMs, ctx), ctx, late => void late?.release({ kind: 'lost' })).catch(
      () => 'unknown' as const,
    )
  }

  async #wait(leases: Leases, { key, ctx }: SharedLoadPlan): Promise<LoadOutcome> {
    const leftMs = Math.min(ctx.deadlineMs - performance.now(), 2 ** 31 - 1)
    // Where it cannot be heard any more how it goes, the tier is asked again and, without an answer, the origin.
    return await leases.wait(key, Date.now() + leftMs, ctx).catch((error: unknown) => {
      if (ctx.cancelled) throw error
      return { kind: 'lost' } as const
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nothing(): void {}
