/** One request under way, from a stack of free ones: a request allocates nothing. */
import type { StepRecord } from '../record/step-record.ts'
import type { CompiledStep, StatelessRequest } from '../scenario/compiled.ts'
import type { Exchange } from '../wire/transport.ts'
import type { Walker } from './walk.ts'

export interface Work extends Exchange {
  route: number
  record: StepRecord
  /** Of a user with a flow; undefined for a stateless request. */
  walker: Walker | undefined
  step: Extract<CompiledStep, { kind: 'request' }> | undefined
  expect: StatelessRequest['expectStatus']
  /** `''` when it carries no `traceparent`. */
  traceId: string
}

export class FreeWorks {
  readonly #free: Work[] = []

  /** Without a user, an expectation or a trace. */
  take(route: number, record: StepRecord, method: string, encoded: string): Work {
    const work = this.#free.pop() ?? blankWork(record)
    work.route = route
    work.record = record
    work.method = method
    work.encoded = encoded
    return work
  }

  giveBack(work: Work): void {
    work.walker = undefined
    work.step = undefined
    work.expect = undefined
    work.capture = 'none'
    work.traceId = ''
    this.#free.push(work)
  }
}

function blankWork(record: StepRecord): Work {
  return {
    encoded: '',
    method: 'GET',
    capture: 'none',
    scheduledMs: 0,
    noticedMs: 0,
    sentMs: NaN,
    retries: 0,
    route: 0,
    record,
    walker: undefined,
    step: undefined,
    expect: undefined,
    traceId: '',
  }
}
