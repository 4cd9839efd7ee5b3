/** Ranks by score in a sorted set: each submission and each question is logarithmic, where a table sorts or counts its rows. */
import { linkOf, type RedisClient, type RedisLink, script } from '../cache/redis/link.ts'
import { Fault } from '../fault.ts'

export interface LeaderboardOptions {
  /** Of the sorted set; a season of its own for each: `board:2026-11`. */
  readonly key: string
  /** What becomes of a second score of a member: the better one stays, the last one does, or they add up. Default `best`. */
  readonly keep?: 'best' | 'last' | 'sum'
  /** Who leads: the highest score (default), or the lowest, as of a race. */
  readonly leads?: 'highest' | 'lowest'
  /** Milliseconds since 1970, by the clock of Redis: from then on nothing is accepted. Default: never. */
  readonly endsAtMs?: number
  /** How long it can be read after its end. Default 604,800,000: a week. */
  readonly keepAfterEndMs?: number
  /** Who falls behind so many is forgotten, sums included. Default 1,000,000, some 100 MB. */
  readonly maxMembers?: number
}

export interface Placed {
  readonly member: string
  readonly score: number
  /** From 1. Equal scores share a rank, and the next one counts them all: 1, 2, 2, 4. */
  readonly rank: number
}

/** Scores are stored so that the best is the lowest: then of a tie the members stand in the order of their bytes, whoever leads. */
const submitScript = script(`
local time = redis.call('TIME')
if ARGV[4] ~= '' and time[1] * 1000 + time[2] / 1000 >= tonumber(ARGV[4]) then return false end
if ARGV[3] == 'sum' then redis.call('ZINCRBY', KEYS[1], ARGV[2], ARGV[1])
elseif ARGV[3] == 'best' then redis.call('ZADD', KEYS[1], 'LT', ARGV[2], ARGV[1])
else redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
local better = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. score)
redis.call('ZREMRANGEBYRANK', KEYS[1], ARGV[6], -1)
if ARGV[5] ~= '' then redis.call('PEXPIREAT', KEYS[1], ARGV[5]) end
return { score, better }`)

const rankScript = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return false end
return { score, redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. score) }`)

/** ARGV: member or nothing, from, how many. Answers the place it begins at, those better than its first, and the page. */
const pageScript = script(`
local from = tonumber(ARGV[2])
if ARGV[1] ~= '' then
  local place = redis.call('ZRANK', KEYS[1], string.sub(ARGV[1], 2))
  if not place then return false end
  from = math.max(0, place + from)
end
local page = redis.call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[3]) - 1, 'WITHSCORES')
local better = page[2] and redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. page[2]) or 0
return { from, better, page }`)

/** Of one answer; more would hold the server up for everybody. */
const mostListed = 1_000

export class Leaderboard {
  readonly #link: RedisLink
  readonly #options: Required<Omit<LeaderboardOptions, 'endsAtMs'>> & { readonly endsAtMs: number | undefined }
  readonly #sign: 1 | -1

  /** @throws RangeError for a bound that is none */
  constructor(client: RedisClient, options: LeaderboardOptions) {
    const {
      key,
      keep = 'best',
      leads = 'highest',
      endsAtMs,
      keepAfterEndMs = 604_800_000,
      maxMembers = 1_000_000,
    } = options
    whole('maxMembers', maxMembers, Number.MAX_SAFE_INTEGER)
    if (!(keepAfterEndMs >= 0))
      throw new RangeError(`keepAfterEndMs of a leaderboard must be at least 0, not ${keepAfterEndMs}`)
    this.#link = linkOf(client)
    this.#options = { key, keep, leads, endsAtMs, keepAfterEndMs, maxMembers }
    this.#sign = leads === 'highest' ? -1 : 1
  }

  /**
   * @param score finite; whole numbers are exact up to 2^53, as everywhere in Redis
   * @returns what counts for the member now, by `keep`, and its rank
   * @throws Fault `FAULT_SEASON_OVER`; RangeError for a score that is none
   */
  async submit(member: string, score: number): Promise<Placed> {
    if (!Number.isFinite(score)) throw new RangeError(`a score must be a finite number, not ${score}`)
    const { key, keep, endsAtMs, keepAfterEndMs, maxMembers } = this.#options
    const endings = endsAtMs === undefined ? ['', ''] : [String(endsAtMs), String(Math.ceil(endsAtMs + keepAfterEndMs))]
    const args = [member, this.#stored(score), keep, ...endings, String(maxMembers)]
    const found = (await this.#link.run(submitScript, [key], args)) as readonly [Buffer, number] | null
    if (found === null)
      throw new Fault('FAULT_SEASON_OVER', `the leaderboard ${key} has ended and accepts no more scores`, {
        retryable: false,
      })
    return this.#placed(member, found)
  }

  /** Undefined for a member without a score. */
  async rankOf(member: string): Promise<Placed | undefined> {
    const found = (await this.#link.run(rankScript, [this.#options.key], [member])) as readonly [Buffer, number] | null
    return found === null ? undefined : this.#placed(member, found)
  }

  /** The best, or a later page of them. @param count at most 1,000. @param from places to skip. @throws RangeError beyond that */
  async top(count: number, from = 0): Promise<readonly Placed[]> {
    whole('count', count, mostListed)
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError(`a page begins at a whole number from 0, not ${from}`)
    return (await this.#page('', from, count)) ?? []
  }

  /** A member between its neighbours; empty for a member without a score. @param each side, at most 499. @throws RangeError beyond that */
  async around(member: string, each: number): Promise<readonly Placed[]> {
    whole('each', each, (mostListed - 1) >> 1)
    const page = (await this.#page(`=${member}`, -each, each * 2 + 1)) ?? []
    const at = page.findIndex(placed => placed.member === member)
    // Near the top fewer stand before it than were asked for.
    return page.slice(0, at + each + 1)
  }

  async remove(member: string): Promise<boolean> {
    return (await this.#link.command('ZREM', this.#options.key, member)) === 1
  }

  async size(): Promise<number> {
    return Number(await this.#link.command('ZCARD', this.#options.key))
  }

  async #page(member: string, from: number, count: number): Promise<readonly Placed[] | undefined> {
    const args = [member, String(from), String(count)]
    const found = (await this.#link.run(pageScript, [this.#options.key], args)) as
      readonly [number, number, readonly Buffer[]] | null
    if (found === null) return undefined
    const [start, better, page] = found
    const placed: Placed[] = []
    for (let at = 0; at < page.length; at += 2) {
      const score = this.#score(page[at + 1]!)
      const before = placed.at(-1)
      const rank = before === undefined ? better + 1 : before.score === score ? before.rank : start + at / 2 + 1
      placed.push({ member: page[at]!.toString(), score, rank })
    }
    return placed
  }

  #placed(member: string, [score, better]: readonly [Buffer, number]): Placed {
    return { member, score: this.#score(score), rank: better + 1 }
  }

  #stored(score: number): string {
    return String(score * this.#sign)
  }

  #score(stored: Buffer): number {
    // Adding 0 makes of a negative zero the usual one.
    return Number(stored.toString()) * this.#sign + 0
  }
}

function whole(what: string, value: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw new RangeError(`${what} of a leaderboard must be a whole number from 1 to ${most}, not ${value}`)
}
