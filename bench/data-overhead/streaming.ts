/** 200,000 rows read whole and as a stream: by how much a process grows for either, and how long they take. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '@whetstone/stats'
import type { OverheadPart } from '../data-overhead.ts'

const run = promisify(execFile)
const reader = fileURLToPath(new URL('read-rows.ts', import.meta.url))

interface Read {
  readonly rows: number
  readonly bytes: number
  readonly elapsedMs: number
  readonly grownBytes: number
}

export const streamingMemory: OverheadPart = {
  name: 'streaming',
  async measure({ databaseUrl, quick, log }) {
    const rounds = quick ? 1 : 7
    const statement = `SELECT n AS id, 'customer ' || n AS name, repeat('x', 100) AS note FROM generate_series(1, 200000) n`
    const read = async (how: 'whole' | 'stream'): Promise<Read> => {
      const words = ['--conditions=@whetstone/source', '--import', 'tsx', reader, databaseUrl, how, statement]
      return JSON.parse((await run(process.execPath, words)).stdout) as Read
    }
    const ratios: { memory: number; elapsed: number; streamBytes: number; wholeBytes: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const [whole, stream] = [await read('whole'), await read('stream')]
      if (whole.rows !== stream.rows || whole.bytes !== stream.bytes) throw new Error('the stream is not the whole')
      ratios.push({
        memory: whole.grownBytes / stream.grownBytes,
        elapsed: stream.elapsedMs / whole.elapsedMs,
        streamBytes: stream.grownBytes,
        wholeBytes: whole.grownBytes,
      })
      log(`round ${round + 1} of ${rounds}: ${ratios.at(-1)!.memory.toFixed(1)} times the memory`)
    }
    const middle = (of: keyof (typeof ratios)[number]) => median(ratios.map(ratio => ratio[of]))
    return {
      rounds,
      figures: {
        wholeOfStreamMemory: Number(middle('memory').toPrecision(3)),
        streamOfWholeElapsed: Number(middle('elapsed').toPrecision(3)),
        streamGrownBytes: Math.round(middle('streamBytes')),
        wholeGrownBytes: Math.round(middle('wholeBytes')),
      },
    }
  },
}
