/** What an error of a statement says about the server it ran on, by code and never by message. */
import { isFault } from '../../fault.ts'

export type FailureKind =
  /** The pool had no room, and says that nothing was sent: no word about the server. */
  | 'busy'
  /** Nothing reached a server: whatever it was, it may run elsewhere. */
  | 'not-started'
  /** The connection went away in between: the outcome of a write is unknown. */
  | 'connection'
  /** The server refuses to write, because it is a replica. */
  | 'read-only'
  /** The replica cancelled a read that was in the way of its replay. */
  | 'recovery-conflict'
  /** The statement's own fault; any server would say the same. */
  | 'statement'

const refused: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])
const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

/** @param onReplica a serialization failure is a recovery conflict there and the statement's own business on a primary */
export function failureKind(error: unknown, onReplica: boolean): FailureKind {
  if (isFault(error)) return error.retryable ? 'busy' : 'statement'
  const code = (error as { readonly code?: unknown } | null)?.code
  if (typeof code !== 'string') return isLostConnection(error) ? 'connection' : 'statement'
  if (refused.has(code) || code === '57P03') return 'not-started'
  // 57P01, 57P02: the server shuts down, or a sibling process crashed. Class 08: connection exceptions.
  if (broken.has(code) || code === '57P01' || code === '57P02' || /^08...$/.test(code)) return 'connection'
  if (code === '25006') return 'read-only'
  if (onReplica && (code === '40001' || code === '40P01')) return 'recovery-conflict'
  return 'statement'
}

/** The driver's errors of a connection that ended carry no code: the one place where a message must be read. */
function isLostConnection(error: unknown): boolean {
  return (
    error instanceof Error && /^(connection terminated|client has encountered a connection error)/i.test(error.message)
  )
}
