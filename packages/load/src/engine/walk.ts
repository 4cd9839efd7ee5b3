/** One user's way through the steps of a flow, driven by answers: no promise but where a step is one. */
import type { Channel, ChannelStep, CompiledFlow, CompiledStep, User } from '../scenario/compiled.ts'
import type { WireAnswer } from '../wire/transport.ts'
import type { StepRecord } from '../record/step-record.ts'

export interface Walker {
  readonly flow: CompiledFlow
  readonly user: User
  /** Everything this user does is filed under the step of the record it began in. */
  readonly record: StepRecord
  /** Index of the next step. */
  next: number
  channel: Channel | undefined
}

/** What walking asks of the engine. */
export interface Ground {
  now(): number
  /** Nothing is begun any more once the measured time is over. */
  over(atMs: number): boolean
  send(
    walker: Walker,
    step: Extract<CompiledStep, { kind: 'request' }>,
    encoded: string,
    scheduledMs: number,
    noticedMs: number,
  ): void
  sleep(walker: Walker, untilMs: number): void
  ended(walker: Walker, nowMs: number, failed: boolean): void
  /** What the user's code or template threw. */
  fault(error: unknown): void
}

const NEVER_SENT = NaN

/** Goes on with the next step; `scheduledMs` is when that was due, `nowMs` when the engine came round to it. */
export function walk(walker: Walker, scheduledMs: number, nowMs: number, ground: Ground): void {
  for (;;) {
    const step = walker.flow.steps[walker.next]
    // What was due before the end is sent, however late.
    if (step === undefined || ground.over(scheduledMs)) return ground.ended(walker, nowMs, false)
    walker.next++
    if (step.when !== undefined && !step.when(walker.user)) continue
    if (step.kind === 'think') {
      const ms = step.ms(walker.user)
      if (ms > 0) return ground.sleep(walker, scheduledMs + ms)
    } else if (step.kind === 'call') return call(walker, step, ground)
    else if (step.kind === 'channel') return open(walker, step, scheduledMs, ground)
    else {
      let encoded: string
      try {
        encoded = step.encode(walker.user)
      } catch (error) {
        ground.fault(error)
        return failed(walker, step.route, scheduledMs, nowMs, ground)
      }
      return ground.send(walker, step, encoded, scheduledMs, nowMs)
    }
  }
}

/** Reads what the step wants of the answer. Returns whether the user goes on. */
export function afterAnswer(
  walker: Walker,
  step: Extract<CompiledStep, { kind: 'request' }>,
  answer: WireAnswer,
  serviceMs: number,
): boolean {
  if (step.after === undefined) return true
  const { status, bodyBytes, head, body } = answer
  return step.after(walker.user, { status, bodyBytes, serviceMs, head, body }, (index, passed) =>
    walker.record.check(index, passed),
  )
}

function call(walker: Walker, step: Extract<CompiledStep, { kind: 'call' }>, ground: Ground): void {
  // Called within a promise, so that what it throws at once is a rejection like any other.
  Promise.resolve()
    .then(async () => step.run(walker.user))
    .then(
      () => walk(walker, ground.now(), ground.now(), ground),
      (error: unknown) => {
        ground.fault(error)
        failed(walker, step.route, ground.now(), ground.now(), ground)
      },
    )
}

function open(walker: Walker, step: ChannelStep, scheduledMs: number, ground: Ground): void {
  let ended = false
  try {
    walker.channel = step.open(walker.user, {
      scheduledMs,
      now: () => ground.now(),
      check: (index, passed) => walker.record.check(index, passed),
      sample(sampleScheduledMs, sentMs, status, bytes) {
        if (ended) return
        const timed = { scheduledMs: sampleScheduledMs, noticedMs: sentMs, sentMs }
        walker.record.notice(sampleScheduledMs, sentMs)
        walker.record.answer(step.route, timed, ground.now(), status, bytes)
      },
      end(errorKind) {
        if (ended) return
        ended = true
        walker.channel = undefined
        const nowMs = ground.now()
        if (errorKind === undefined) return walk(walker, nowMs, nowMs, ground)
        failed(walker, step.route, scheduledMs, nowMs, ground, errorKind)
      },
    })
    // It may have ended while it was being opened.
    if (ended) walker.channel = undefined
  } catch (error) {
    ground.fault(error)
    ended = true
    failed(walker, step.route, scheduledMs, ground.now(), ground)
  }
}

function failed(
  walker: Walker,
  route: number,
  scheduledMs: number,
  nowMs: number,
  ground: Ground,
  kind = 'scenario',
): void {
  walker.record.notice(scheduledMs, nowMs)
  walker.record.failure(route, { scheduledMs, noticedMs: nowMs, sentMs: NEVER_SENT }, nowMs, kind)
  ground.ended(walker, nowMs, true)
}
