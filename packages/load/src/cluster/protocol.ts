/** What members and the controller's hub say to each other, whatever carries it. */
import type { ExitCode } from '@whetstone/model'

export type Question = {
  readonly sender: string
  /** How many of the controller's words this member has heard. */
  readonly seen: number
} & QuestionBody

export type QuestionBody =
  | { readonly kind: 'claim'; readonly key: string }
  | { readonly kind: 'settle'; readonly key: string; readonly outcome: Outcome }
  | { readonly kind: 'arrive'; readonly name: string; readonly members: number }
  /** Counted from 1 per sender. */
  | { readonly kind: 'message'; readonly sequence: number; readonly message: unknown }

export type Outcome =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'failure'; readonly failure: Failure }

export interface Failure {
  readonly code: `WHET_${string}`
  readonly message: string
  readonly exitCode: ExitCode
  readonly hint?: string
}

export type Answer =
  | { readonly kind: 'yours' }
  | { readonly kind: 'being-made' }
  | { readonly kind: 'made'; readonly outcome: Outcome }
  | { readonly kind: 'settled' }
  | { readonly kind: 'arrived'; readonly count: number }
  | { readonly kind: 'delivered' }
  /** Yet: the member asks again. */
  | { readonly kind: 'nobody-listens' }
  /** The transport could not carry the answer; asking again would not help. */
  | { readonly kind: 'too-large'; readonly bytes: number }

/** What the controller said from number `from` on. */
export interface Said {
  readonly from: number
  readonly controls: readonly unknown[]
}

export type Reply = Answer & Said & { readonly clockMs: number }

/** How a member reaches the hub. */
export interface Link {
  /** One attempt; rejects when no answer came within about a second. */
  ask(text: string): Promise<string>
  onBroadcast(listener: (text: string) => void): void
  close(): Promise<void>
}
