/** Histogram of constant memory and three significant digits, so that a million latencies cost what ten cost and merge without loss. */

/** Linear sub-buckets in each power of two: a bucket is at most 1/512 of its value wide, so its middle is within 0.1 %. */
const SUB_BUCKETS = 512
const SUB_BUCKET_BITS = 9
/** Values below this have a bucket of their own and are kept exactly. */
const EXACT_BELOW = 2 * SUB_BUCKETS
const LARGEST_VALUE = Number.MAX_SAFE_INTEGER
/** The first array reaches 1,048,575, one second in microseconds; slower values grow it once. */
const FIRST_BUCKETS = 12 * SUB_BUCKETS
const LARGEST_INDEX = indexOf(LARGEST_VALUE)

export interface HistogramJson {
  readonly schema: 'log-linear@1'
  /** Significant digits; always 3 in this schema. */
  readonly digits: number
  /** Only buckets that hold something, by rising index. */
  readonly buckets: readonly (readonly [index: number, count: number])[]
  /** Both ends are `null` when nothing was recorded. */
  readonly min: number | null
  readonly max: number | null
  readonly sum: number
  readonly count: number
}

export interface Bucket {
  /** Smallest whole value that falls in the bucket. */
  readonly low: number
  /** Largest whole value that falls in the bucket. */
  readonly high: number
  readonly count: number
}

/**
 * Log-linear histogram of whole numbers from 0 to 2^53 - 1, usually microseconds.
 * Counts, sum, smallest and largest are exact; a quantile is within 0.1 % of a recorded value.
 */
export class Histogram {
  #counts = new Float64Array(FIRST_BUCKETS)
  #count = 0
  #sum = 0
  #min = Infinity
  #max = -Infinity

  /** Counts `value`, rounded to a whole number, `count` times. Throws RangeError on negative, NaN or larger than 2^53 - 1. */
  record(value: number, count = 1): void {
    // Small values take the integer path, which halves the cost of a record.
    const whole = value >= 0 && value < 2 ** 30 ? (value + 0.5) | 0 : Math.round(value)
    if (!(whole >= 0 && whole <= LARGEST_VALUE)) throw new RangeError(`a histogram holds 0 to 2^53 - 1, not ${value}`)
    if (count !== 1) {
      if (!(count >= 0 && Number.isSafeInteger(count))) throw new RangeError(`a count is a whole number, not ${count}`)
      if (count === 0) return
    }
    const index = indexOf(whole)
    if (index >= this.#counts.length) this.#grow(index)
    this.#counts[index]! += count
    this.#count += count
    this.#sum += whole * count
    if (whole < this.#min) this.#min = whole
    if (whole > this.#max) this.#max = whole
  }

  /** Adds everything `other` holds; the result is what recording all values in one histogram would give. */
  merge(other: Histogram): void {
    if (other.#count === 0) return
    const highest = indexOf(other.#max)
    if (highest >= this.#counts.length) this.#grow(highest)
    for (let index = indexOf(other.#min); index <= highest; index++) this.#counts[index]! += other.#counts[index]!
    this.#count += other.#count
    this.#sum += other.#sum
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
  }

  /** Forgets everything and keeps the memory, for histograms of an interval. */
  reset(): void {
    if (this.#count > 0) this.#counts.fill(0, indexOf(this.#min), indexOf(this.#max) + 1)
    this.#count = 0
    this.#sum = 0
    this.#min = Infinity
    this.#max = -Infinity
  }

  get count(): number {
    return this.#count
  }

  /** Exact; NaN when empty. */
  get min(): number {
    return this.#count === 0 ? NaN : this.#min
  }

  /** Exact; NaN when empty. */
  get max(): number {
    return this.#count === 0 ? NaN : this.#max
  }

  get sum(): number {
    return this.#sum
  }

  /** Exact; NaN when empty. */
  get mean(): number {
    return this.#sum / this.#count
  }

  /** Value of rank ceil(q × count), within 0.1 %; 0 and 1 give the exact smallest and largest. NaN when empty. */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is asked for by a fraction from 0 to 1, not ${q}`)
    return this.valueAtRank(rankOfQuantile(q, this.#count))
  }

  /** Value with `rank` recorded values at or below it (1 is the smallest), within 0.1 %. NaN when empty. */
  valueAtRank(rank: number): number {
    if (this.#count === 0) return NaN
    if (rank <= 1) return this.#min
    if (rank >= this.#count) return this.#max
    let index = indexOf(this.#min)
    for (let below = this.#counts[index]!; below < rank; below += this.#counts[index]!) index++
    return Math.min(this.#max, Math.max(this.#min, middleOf(index)))
  }

  /** How many values lie above `threshold`; those sharing its bucket (within 0.2 %) count as not above. */
  countAbove(threshold: number): number {
    if (this.#count === 0 || threshold >= this.#max) return 0
    if (threshold < this.#min) return this.#count
    let above = 0
    const last = indexOf(this.#max)
    for (let index = indexOf(Math.floor(threshold)) + 1; index <= last; index++) above += this.#counts[index]!
    return above
  }

  /** Buckets that hold something, by rising value. */
  *buckets(): Generator<Bucket> {
    for (const [index, count] of this.#filled()) {
      yield { low: lowOf(index), high: lowOf(index) + widthOf(index) - 1, count }
    }
  }

  /** Index and count of each bucket that holds something, in turn, by rising index: the saved form without its many small arrays. */
  filledBuckets(): Float64Array {
    if (this.#count === 0) return new Float64Array(0)
    const first = indexOf(this.#min)
    const last = indexOf(this.#max)
    let filled = 0
    for (let index = first; index <= last; index++) if (this.#counts[index]! > 0) filled++
    const pairs = new Float64Array(2 * filled)
    let at = 0
    for (let index = first; index <= last; index++) {
      const count = this.#counts[index]!
      if (count === 0) continue
      pairs[at++] = index
      pairs[at++] = count
    }
    return pairs
  }

  toJSON(): HistogramJson {
    const empty = this.#count === 0
    return {
      schema: 'log-linear@1',
      digits: 3,
      buckets: [...this.#filled()],
      min: empty ? null : this.#min,
      max: empty ? null : this.#max,
      sum: this.#sum,
      count: this.#count,
    }
  }

  /** Reads what `toJSON` wrote, possibly from a file. Throws RangeError when it is of another schema or contradicts itself. */
  static fromJSON(json: HistogramJson): Histogram {
    if (json.schema !== 'log-linear@1') throw new RangeError(`cannot read a histogram of schema ${String(json.schema)}`)
    const histogram = new Histogram()
    for (const [index, count] of json.buckets) {
      if (!(Number.isSafeInteger(index) && index >= 0 && index <= LARGEST_INDEX))
        throw new RangeError(`no bucket ${index}`)
      histogram.record(lowOf(index), count)
    }
    if (histogram.#count !== json.count) {
      throw new RangeError(`a histogram says it counts ${json.count}, its buckets hold ${histogram.#count}`)
    }
    if (histogram.#count === 0) return histogram
    const { min, max } = json
    if (min === null || max === null) throw new RangeError('a histogram that counts something has no ends')
    if (indexOf(min) !== indexOf(histogram.#min) || indexOf(max) !== indexOf(histogram.#max)) {
      throw new RangeError(`a histogram's ends ${min} and ${max} are not in its outer buckets`)
    }
    histogram.#min = min
    histogram.#max = max
    histogram.#sum = json.sum
    return histogram
  }

  *#filled(): Generator<[index: number, count: number]> {
    if (this.#count === 0) return
    const last = indexOf(this.#max)
    for (let index = indexOf(this.#min); index <= last; index++) {
      const count = this.#counts[index]!
      if (count > 0) yield [index, count]
    }
  }

  #grow(index: number): void {
    const octaves = Math.ceil((index + 1) / SUB_BUCKETS)
    const larger = new Float64Array(octaves * SUB_BUCKETS)
    larger.set(this.#counts)
    this.#counts = larger
  }
}

/** Rank of the q-quantile among `count` values by the nearest-rank rule, forgiving the last bits of `q × count`. */
export function rankOfQuantile(q: number, count: number): number {
  const exact = q * count
  return Math.min(count, Math.max(1, Math.ceil(exact - exact * 4 * Number.EPSILON)))
}

/** 0, 1, 2 … without gaps over rising values: below 1,024 the value itself, then 512 for each power of two. */
function indexOf(value: number): number {
  if (value < EXACT_BELOW) return value
  if (value < 2 ** 32) {
    const shift = 31 - SUB_BUCKET_BITS - Math.clz32(value)
    return (shift << SUB_BUCKET_BITS) + (value >>> shift)
  }
  const shift = 63 - SUB_BUCKET_BITS - Math.clz32(value / 2 ** 32)
  return shift * SUB_BUCKETS + Math.floor(value / 2 ** shift)
}

function widthOf(index: number): number {
  return index < EXACT_BELOW ? 1 : 2 ** (Math.floor(index / SUB_BUCKETS) - 1)
}

function lowOf(index: number): number {
  return index < EXACT_BELOW ? index : ((index % SUB_BUCKETS) + SUB_BUCKETS) * widthOf(index)
}

function middleOf(index: number): number {
  return lowOf(index) + (widthOf(index) - 1) / 2
}
