/** How long a batch is held open: not at all beyond the tick, unless waiting has been seen to bring more keys together. */

/** What a batch has shown about the window it was held open for. */
export interface WindowSeen {
  /** Keys that came after the tick in which it opened: those the window, not the tick, brought in. */
  readonly lateKeys: number
  /** Since the batch before it opened; `Infinity` for the first. */
  readonly sinceOpenedMs: number
}

export interface WindowState {
  /** 0 is the tick alone. */
  readonly windowMs: number
  /** Batches in a row that spoke for a longer (above 0) or a shorter window. */
  readonly score: number
}

export const tickOnly: WindowState = { windowMs: 0, score: 0 }

// Timers of Node are in whole milliseconds, so there is nothing between the tick and this.
const firstStepMs = 1
// One burst is not a pattern: four batches in a row have to agree before anybody waits longer, or no longer.
const enough = 4

/**
 * Doubles the window when batch after batch would have gained by it, halves it when batch after batch gained nothing.
 * @param longestMs the window never exceeds it, so neither does what it adds to a latency
 */
export function nextWindow({ windowMs, score }: WindowState, seen: WindowSeen, longestMs: number): WindowState {
  const gains = windowMs === 0 ? seen.sinceOpenedMs < firstStepMs : seen.lateKeys > 0
  const next = gains ? Math.max(score, 0) + 1 : Math.min(score, 0) - 1
  if (next >= enough) return { windowMs: Math.min(Math.max(firstStepMs, windowMs * 2), longestMs), score: 0 }
  if (next <= -enough) return { windowMs: windowMs <= firstStepMs ? 0 : windowMs / 2, score: 0 }
  return { windowMs, score: next }
}
