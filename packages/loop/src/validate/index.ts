/** The fourth step of the loop: prove a change with a trial of two arms. */
export { commandArm } from './arm.ts'
export type { Arm } from './arm.ts'
export { decide } from './decide.ts'
export { loadBlock } from './load-block.ts'
export { runTrial } from './run-trial.ts'
export { pairOrders } from './schedule.ts'
