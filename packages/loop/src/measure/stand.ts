/** Everything that stands around a service while it is measured: the process, the probe's receiver, the OTLP receiver. Opened once, always closed. */
import { exitCodes, WhetstoneError } from '@whetstone/model'
import { type OtlpReceiver, startOtlpReceiver } from './collect/otlp/receiver.ts'
import { waitUntilAnswering } from './collect/readiness.ts'
import { ProbeReceiver } from './probe/index.ts'
import type { OnProgress } from './progress.ts'
import { startTarget, type Target } from './target.ts'
import { requestSender } from './workload/http-client.ts'

export type Subject =
  | {
      readonly kind: 'command'
      readonly command: readonly string[]
      readonly workingDirectory: string
      readonly env?: Readonly<Record<string, string | undefined>>
      readonly port?: number
      readonly startTimeoutMs?: number
    }
  | { readonly kind: 'url'; readonly url: string }

export interface StandOptions {
  readonly subject: Subject
  /** Receive OTLP on this port. */
  readonly otlpPort?: number
  /** GET on this path until something answers; default `/`. */
  readonly readyPath?: string
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Stand {
  readonly baseUrl: string
  readonly target?: Target
  readonly probe?: ProbeReceiver
  readonly otlp?: OtlpReceiver
  /** Host-side ids of the service's processes; empty when it was not started by us. */
  readonly rootPid?: number
  close(): Promise<void>
}

export async function openStand(options: StandOptions): Promise<Stand> {
  const otlp = options.otlpPort === undefined ? undefined : await startOtlpReceiver({ port: options.otlpPort })
  try {
    return options.subject.kind === 'command'
      ? await openCommand(options, options.subject, otlp)
      : await openUrl(options, options.subject.url, otlp)
  } catch (error) {
    await otlp?.close()
    throw error
  }
}

async function openCommand(
  options: StandOptions,
  subject: Extract<Subject, { kind: 'command' }>,
  otlp: OtlpReceiver | undefined,
): Promise<Stand> {
  const receiver = new ProbeReceiver({ level: 'trace' })
  const injection = await receiver.start()
  let target: Target | undefined
  try {
    target = await startTarget({
      command: subject.command,
      workingDirectory: subject.workingDirectory,
      env: { ...subject.env, ...injection.env },
      ...(subject.port === undefined ? {} : { port: subject.port }),
      ...(subject.startTimeoutMs === undefined ? {} : { startTimeoutMs: subject.startTimeoutMs }),
      reportedServers: () => receiver.listening(),
      signal: options.signal,
    })
    await waitUntilAnswering(target.baseUrl, {
      path: options.readyPath ?? '/',
      signal: options.signal,
      ended: target.ended,
      ...(subject.startTimeoutMs === undefined ? {} : { timeoutMs: subject.startTimeoutMs }),
    })
  } catch (error) {
    await target?.stop()
    await receiver.close()
    throw error
  }
  const started = target
  return {
    baseUrl: target.baseUrl,
    target,
    probe: receiver,
    rootPid: target.pid,
    ...(otlp ? { otlp } : {}),
    async close() {
      await started.stop()
      await receiver.close()
      await otlp?.close()
    },
  }
}

async function openUrl(options: StandOptions, url: string, otlp: OtlpReceiver | undefined): Promise<Stand> {
  const parsed = new URL(url)
  // Before anything is sent: asking a TLS port in plain HTTP would end as "nothing answers".
  requestSender(parsed)
  await waitUntilAnswering(parsed.origin, {
    path: options.readyPath ?? (parsed.pathname || '/'),
    signal: options.signal,
    ended: () => undefined,
    timeoutMs: 5_000,
  }).catch(cause => {
    throw new WhetstoneError('WHET_TARGET_UNREACHABLE', `nothing answers at ${parsed.origin}`, {
      cause,
      exitCode: exitCodes.target,
      hint: 'Start the service first, or let whetstone start it: whetstone diagnose -- <command>',
    })
  })
  return { baseUrl: parsed.origin, ...(otlp ? { otlp } : {}), close: async () => otlp?.close() }
}
