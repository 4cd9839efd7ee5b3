/** How far a process grows while it makes one answer, as the kernel saw it; both arms of such a drill have the route that tells. */
import { createHash } from 'node:crypto'
import type { Workload } from '@whetstone/model'
import type { FastifyInstance } from 'fastify'
import type { ArmStart } from './arms.ts'
import { whileRunning } from './while-running.ts'

interface Memory {
  readonly residentBytes: number
  readonly peakBytes: number
}

export function answerMemory(server: FastifyInstance): void {
  server.get('/memory', (): Memory => ({
    residentBytes: process.memoryUsage.rss(),
    // Of the kernel, which sees every moment; in kB.
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  }))
}

/** The first request of the workload warms the arm up and should be small; the last one is the answer that counts. */
export async function grownByAnswer(start: ArmStart, workload: Workload): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const memory = async () => (await (await fetch(`${baseUrl}/memory`)).json()) as Memory
    const paths = pathsOf(workload)
    await digestOf(baseUrl + paths[0]!)
    const { residentBytes } = await memory()
    await digestOf(baseUrl + paths.at(-1)!)
    return Math.max(0, (await memory()).peakBytes - residentBytes)
  })
}

/** @throws Error when an arm fails, or the two answer a request with different bytes */
export async function wantSameAnswers(before: ArmStart, after: ArmStart, workload: Workload): Promise<void> {
  await whileRunning(before, async urlBefore =>
    whileRunning(after, async urlAfter => {
      for (const path of pathsOf(workload)) {
        const [one, two] = await Promise.all([digestOf(urlBefore + path), digestOf(urlAfter + path)])
        if (one !== two) throw new Error(`the answers to ${path} differ: ${one} / ${two}`)
      }
    }),
  )
}

/** Of the body, which is never kept. @throws Error on an error status */
async function digestOf(url: string): Promise<string> {
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`)
  const hash = createHash('sha256')
  const reader = response.body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) hash.update(part.value)
  return hash.digest('hex')
}

const pathsOf = ({ routes }: Workload) => routes.flatMap(({ requests }) => requests.map(({ path }) => path))
