/** A process that moves a bucket and is killed when it has reached a step: its arguments are the options and the step, as JSON. */
import { Pool } from '../../pool/pool.ts'
import { type BucketMoveOptions, moveBucket, type MoveStep } from '../move-bucket.ts'

const { step, directoryUrl, ...options } = JSON.parse(process.argv[2]!) as Omit<BucketMoveOptions, 'directory'> & {
  readonly step: MoveStep
  readonly directoryUrl: string
}
const directory = new Pool({ connectionString: directoryUrl })
await moveBucket({
  ...options,
  directory,
  onStep: reached => {
    if (reached === step) process.kill(process.pid, 'SIGKILL')
  },
})
await directory.end()
