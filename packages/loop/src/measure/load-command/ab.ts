/** What ApacheBench prints. */
import { closedModel, labelled, occurred, type ToolReading } from './tool-reading.ts'

export function readAb(text: string): ToolReading | undefined {
  const requests = labelled(text, 'Complete requests:')
  if (requests === undefined || !/ApacheBench|^Concurrency Level:/m.test(text)) return undefined
  const seconds = labelled(text, 'Time taken for tests:')
  const users = labelled(text, 'Concurrency Level:')
  // Among the failed ones it counts answers of another length than the first, which is what a service should give.
  const kinds = /^\s*\(Connect: (\d+), Receive: (\d+), Length: (\d+), Exceptions: (\d+)\)/m.exec(text)
  const length = Number(kinds?.[3] ?? 0)
  return {
    tool: 'ab',
    requests,
    // It does not tell 3xx and 4xx, which are answers, from 5xx.
    errorsByKind: occurred({
      connect: Number(kinds?.[1] ?? 0),
      receive: Number(kinds?.[2] ?? 0),
      exception: Number(kinds?.[4] ?? 0),
      'http-not-2xx': labelled(text, 'Non-2xx responses:'),
    }),
    ...(seconds === undefined ? {} : { durationMs: seconds * 1_000 }),
    ...(users === undefined ? {} : { users }),
    samples: [],
    printed: [...text.matchAll(/^\s*(\d+)%\s+(\d+)/gm)].map(([, percent, ms]) => ({
      quantile: Number(percent) / 100,
      ms: Number(ms),
    })),
    hides: closedModel,
    notes:
      length === 0
        ? []
        : [`ab calls ${length} answers failed because their length differs; they are counted as answers`],
  }
}
