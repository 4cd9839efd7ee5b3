/** Remembers for a while which keys have left, by 32 bits each: enough to know one that comes back, and bounded whatever comes. */

// A row is half a cache line, and eight keys rarely meet in one while others stand empty.
const rowLength = 8
/** No smaller table, so that even a tiny cache has a row to spare for each of its keys. */
const fewestRows = 32
const tickBits = 16
const tickMask = 0xffff
/** Ages are told apart to this many ticks: a quarter of what a tick can count, so that the old are never taken for young. */
const mostTicks = 1 << (tickBits - 2)

export class Ghost {
  #table = new Uint32Array(0)
  #rowMask = 0
  /** Keys remembered; each that is added pushes out the oldest. */
  #capacity = 0
  #added = 0
  #tickShift = 0

  /** Forgets everything: the keys of a table cannot be read back from it. */
  resize(capacity: number): void {
    this.#capacity = capacity
    const rows = 2 ** Math.ceil(Math.log2(Math.max(fewestRows, (capacity * 4) / 3 / rowLength)))
    this.#table = new Uint32Array(rows * rowLength)
    this.#rowMask = rows - 1
    this.#tickShift = Math.max(0, Math.ceil(Math.log2(Math.max(1, capacity) / mostTicks)))
    this.#added = 0
  }

  add(hash: number): void {
    const table = this.#table
    const row = (hash & this.#rowMask) * rowLength
    const print = hash >>> tickBits
    this.#added++
    let [at, oldest] = [row, -1]
    for (let place = row; place < row + rowLength; place++) {
      const age = this.#age(table[place]!)
      if (age === Infinity) table[place] = 0
      else if (table[place]! >>> tickBits === print) {
        at = place
        break
      }
      if (age > oldest) [at, oldest] = [place, age]
    }
    table[at] = ((print << tickBits) | (this.#tick() & tickMask)) >>> 0
  }

  /** @returns whether it is remembered; it is not from then on */
  take(hash: number): boolean {
    const table = this.#table
    const row = (hash & this.#rowMask) * rowLength
    const print = hash >>> tickBits
    for (let place = row; place < row + rowLength; place++)
      if (table[place]! >>> tickBits === print && this.#age(table[place]!) < Infinity) {
        table[place] = 0
        return true
      }
    return false
  }

  clear(): void {
    this.#table.fill(0)
    this.#added = 0
  }

  #tick(): number {
    // The first is 1: a place that holds 0 is empty.
    return Math.floor(this.#added / 2 ** this.#tickShift)
  }

  /** In ticks; `Infinity` when empty or pushed out. */
  #age(kept: number): number {
    if (kept === 0) return Infinity
    const age = (this.#tick() - kept) & tickMask
    return age < this.#capacity / 2 ** this.#tickShift ? age : Infinity
  }
}
