/** One engine in a process of its own: `long-run.ts <port> <rate> <seconds>`; tells each second how much memory it holds. */
import { runInProcess } from '@whetstone/load'

const [port, ratePerSecond, seconds] = process.argv.slice(2).map(Number)
const { measure } = await runInProcess(
  {
    target: { host: '127.0.0.1', port: port! },
    routes: ['/items/1', '/items/2', '/items/3', '/items/4'].map(path => ({
      route: `GET ${path}`,
      weight: 1,
      requests: [{ method: 'GET', path, headers: {} }],
    })),
    ratePerSecond: ratePerSecond!,
    durationMs: seconds! * 1000,
    warmUpMs: 0,
    arrivals: 'poisson',
    seed: 1,
    maxConnections: 64,
    timeoutMs: 10_000,
  },
  { onSecond: ({ atMs }) => process.send!({ atMs, rssBytes: process.memoryUsage.rss() }) },
)
process.send!(
  { due: measure.lag!.count, completed: measure.completed, errorsByKind: measure.errorsByKind },
  undefined,
  undefined,
  () => process.exit(0),
)
