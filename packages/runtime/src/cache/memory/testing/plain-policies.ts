/** Each policy once more, over arrays of keys and without a thought for speed: what the fast ones are held against. */

export interface PlainPolicy {
  insert(key: number): void
  hit(key: number): void
  remove(key: number): void
  evict(): number
  /** In the order of leaving. */
  keys(): readonly number[]
}

const without = (keys: readonly number[], key: number) => keys.filter(other => other !== key)

export function plainFifo(): PlainPolicy {
  let queue: readonly number[] = []
  return {
    insert: key => void (queue = [...queue, key]),
    hit: () => {},
    remove: key => void (queue = without(queue, key)),
    evict: () => {
      const [first = 0] = queue
      queue = queue.slice(1)
      return first
    },
    keys: () => queue,
  }
}

export function plainLru(): PlainPolicy {
  const fifo = plainFifo()
  return {
    ...fifo,
    hit: key => {
      fifo.remove(key)
      fifo.insert(key)
    },
  }
}

export function plainSieve(): PlainPolicy {
  let queue: readonly number[] = []
  const asked = new Set<number>()
  let hand: number | undefined
  const after = (key: number) => queue[queue.indexOf(key) + 1]
  const drop = (key: number) => {
    if (hand === key) hand = after(key)
    queue = without(queue, key)
    asked.delete(key)
  }
  return {
    insert: key => void (queue = [...queue, key]),
    hit: key => void asked.add(key),
    remove: drop,
    evict: () => {
      hand ??= queue[0]!
      while (asked.delete(hand)) hand = after(hand) ?? queue[0]!
      const victim = hand
      drop(victim)
      return victim
    },
    keys: () => queue,
  }
}

/** @param weightOf of a key that is there */
export function plainS3Fifo(max: number, ghostCapacity: number, weightOf: (key: number) => number): PlainPolicy {
  let small: readonly number[] = []
  let main: readonly number[] = []
  const hits = new Map<number, number>()
  const ghost = new Map<number, number>()
  let added = 0
  return {
    insert: key => {
      hits.set(key, 0)
      const at = ghost.get(key)
      if (at !== undefined && added - at < ghostCapacity) {
        ghost.delete(key)
        main = [...main, key]
      } else small = [...small, key]
    },
    hit: key => void hits.set(key, Math.min(3, hits.get(key)! + 1)),
    remove: key => {
      small = without(small, key)
      main = without(main, key)
    },
    evict: () => {
      for (;;) {
        const smallWeight = small.reduce((sum, key) => sum + weightOf(key), 0)
        if (main.length === 0 || (small.length > 0 && smallWeight >= max * 0.1)) {
          const key = small[0]!
          small = small.slice(1)
          if (hits.get(key)! > 0) {
            hits.set(key, 0)
            main = [...main, key]
          } else {
            ghost.set(key, ++added)
            return key
          }
        } else {
          const key = main[0]!
          main = main.slice(1)
          if (hits.get(key) === 0) return key
          hits.set(key, hits.get(key)! - 1)
          main = [...main, key]
        }
      }
    },
    keys: () => [...small, ...main],
  }
}
