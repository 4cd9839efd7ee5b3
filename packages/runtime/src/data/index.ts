/** `@whetstone/runtime/data`: PostgreSQL used well. Needs `pg`, and nothing else. */
export type { Queryable, Statement } from './queryable.ts'
export * from '../batch/index.ts'
