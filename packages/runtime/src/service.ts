/** The one idea: a service is an async function, a filter makes one of another, and everything here is either. */
import type { Ctx } from './context.ts'

export type Service<I, O> = (input: I, ctx?: Ctx) => Promise<O>

/** May change the types on the way. */
export type Filter<I, O, I2 = I, O2 = O> = (next: Service<I2, O2>) => Service<I, O>
