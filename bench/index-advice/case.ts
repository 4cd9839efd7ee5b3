/** One question to the index adviser, with the answers that are right. */

export interface IndexCase {
  /** Reads as a sentence: what is asked, and what follows from it. */
  readonly name: string
  /** Made on the case's own copy of the shop before the window: other indexes, other tables. */
  readonly setup?: string
  readonly statements: readonly CaseStatement[]
  /** Run within the measured window, before the reads. */
  readonly writes?: string
  /** One list for each index that is wanted: definitions that are as right as one another, as they stand behind `ON`. Empty: no index. */
  readonly wants: readonly (readonly string[])[]
}

export interface CaseStatement {
  /** As the application sends it; several where it writes values into the text. */
  readonly text: string | readonly string[]
  /** Parameters of real calls, over the whole range of keys. */
  readonly sets?: readonly (readonly Value[])[]
  /** Within the window. Default 100. */
  readonly calls?: number
}

type Value = string | number | boolean | null
