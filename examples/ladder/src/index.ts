/** `@whetstone/example-ladder`: what the examples share that measure one service rung by rung. */
export { climb } from './climb.ts'
export type { ClimbLoad, RunningService } from './climb.ts'
export { showClimb } from './show.ts'
