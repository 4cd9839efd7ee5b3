/** What a killed primary costs: a cluster of its own for every count, half of the requests, the kill, and whoever is there to be promoted. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Workload } from '@whetstone/model'
import { startPostgres, startStandby, type PostgresServer, type PostgresStandby } from '@whetstone/sandbox'
import type { ArmName, ArmStart } from './arms.ts'
import { databases, sharedBy } from './arms.ts'
import type { Arms } from './define.ts'
import { whileRunning } from './while-running.ts'

const requestsSent = 300
const killedAfter = 100
/** About what a person sends who is told to try again. */
const pauseMs = 10
/** Who has no answer by then gives up. */
const answerMs = 5_000

/**
 * Of three hundred requests one after the other, those that failed. The operator is quick and does the same on both arms: kills the primary,
 * promotes the standby if one follows.
 */
export async function failedByFailover(
  experiment: Arms,
  name: ArmName,
  workload: Workload,
  command: (databaseUrl: string, replicaUrls: readonly string[]) => ArmStart,
): Promise<number> {
  const primary = await startPostgres()
  const standbys: PostgresStandby[] = []
  try {
    const urls = await databases(sharedBy(primary), experiment)
    const database = new URL(urls[name]).pathname.slice(1)
    for (let made = 0; made < (experiment[name].standbys ?? 0); made++) standbys.push(await startStandby(primary))
    const start = command(
      urls[name],
      standbys.map(standby => standby.urlOf(database)),
    )
    return await whileRunning(start, async baseUrl =>
      failedOf(baseUrl, workload, async () => await failOver(primary, standbys[0])),
    )
  } finally {
    for (const standby of standbys) await standby.stop()
    await primary.stop()
  }
}

async function failedOf(baseUrl: string, workload: Workload, failover: () => Promise<void>): Promise<number> {
  const requests = workload.routes.flatMap(route => route.requests)
  let failed = 0
  for (let sent = 0; sent < requestsSent; sent++) {
    if (sent === killedAfter) await failover()
    const { method, path } = requests[sent % requests.length]!
    const status = await fetch(baseUrl + path, { method, signal: AbortSignal.timeout(answerMs) }).then(
      async response => (await response.text(), response.status),
      () => 0,
    )
    if (status === 0 || status >= 500) failed++
    await delay(pauseMs)
  }
  return failed
}

async function failOver(primary: PostgresServer, standby: PostgresStandby | undefined): Promise<void> {
  await primary.kill()
  await standby?.promote()
}
