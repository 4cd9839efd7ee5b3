/** `@whetstone/runtime/redis`: what Redis does better than rows of a table. Sessions and leaderboards, by the client you have. */
export type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from '../cache/redis/link.ts'
export { Leaderboard } from './leaderboard.ts'
export type { LeaderboardOptions, Placed } from './leaderboard.ts'
export { expressSessionStore, sessionStore } from './session-store.ts'
export type { SessionStore } from './session-store.ts'
export { Sessions } from './sessions.ts'
export type { Session, SessionsOptions } from './sessions.ts'
