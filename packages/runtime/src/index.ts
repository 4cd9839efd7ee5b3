/** `@whetstone/runtime`: what every remedy is made of. The remedies themselves are subpaths. */
export { Context } from './context.ts'
export type { Ctx } from './context.ts'
export { Fault, isFault } from './fault.ts'
export type { FaultOptions } from './fault.ts'
export { scoped, withRequestScope } from './request-scope.ts'
export type { ScopeKey } from './request-scope.ts'
export type { Filter, Service } from './service.ts'
