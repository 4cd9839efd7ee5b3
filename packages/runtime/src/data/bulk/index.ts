/** Many rows in and out by COPY. */
export { copyIn, copyRowsIn } from './copy-in.ts'
export type { CopyOptions, CopyTarget } from './copy-in.ts'
export { copyOut, copyRowsOut } from './copy-out.ts'
