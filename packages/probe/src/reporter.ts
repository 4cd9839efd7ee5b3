/** Once a second everything counted so far goes out as one batch; commands from the tool come back in. */
import type { ProbeCommand, Site } from '@whetstone/model'
import { entry } from './application.ts'
import { startInterval, stopInterval } from './clock.ts'
import { resetCacheClients, takeCacheClients } from './cache/cache-clients.ts'
import { resetCacheKeys, takeCacheKeys, takeCacheReads } from './cache/known-keys.ts'
import { resetCacheCounters, takeCacheCounters } from './cache/library-caches.ts'
import { profile } from './cpu-profile.ts'
import { poolStates, resetPools } from './drivers/pool-figures.ts'
import { announceRoutes } from './frameworks/registered-routes.ts'
import { guarded, takeFailure } from './guard.ts'
import { reportHeap, sampleHeap } from './heap.ts'
import { requestsServed, resetLedger, takeAggregates, takeSyncCalls, takeTraces } from './ledger.ts'
import { level, levelName, OFF, PROFILE, wantedLevel } from './level.ts'
import { isCongested, open, send, ship } from './outbox.ts'
import { resetReads, takeReads } from './read-keys.ts'
import { RuntimeSampler } from './runtime-sample.ts'
import { inSource } from './source-position.ts'
import { allStatements } from './statements.ts'

const batchEveryMs = 1_000
const profileWindowMs = 10_000

export function startReporter(socketPath: string): void {
  const sampler = new RuntimeSampler()
  sampler.start()
  open(
    socketPath,
    {
      schema: 'whetstone/probe@1',
      pid: process.pid,
      ppid: process.ppid,
      node: process.version,
      level: levelName(wantedLevel()),
      entry,
      workingDirectory: process.cwd(),
    },
    command => obey(command, sampler),
  )
  const timer = startInterval(
    guarded(() => {
      if (level === OFF) {
        stopInterval(timer)
        sampler.stop()
        reportFailure()
        return
      }
      send(sampler.take())
      if (!isCongested()) collect()
      ship()
      if (level >= PROFILE) void profile(profileWindowMs, requestsServed)
    }),
    batchEveryMs,
  )
  timer.unref()
}

function obey(command: ProbeCommand, sampler: RuntimeSampler): void {
  switch (command.kind) {
    case 'reset':
      resetLedger()
      resetReads()
      resetPools()
      resetCacheKeys()
      resetCacheClients()
      resetCacheCounters()
      break
    case 'profile':
      void profile(command.durationMs, requestsServed)
      break
    case 'sample-heap':
      void sampleHeap(command.on)
      break
    case 'collect':
      void reportHeap(command.withProfile, requestsServed).then(() => ship({ kind: 'flushed', token: command.token }))
      break
    case 'flush':
      send(sampler.take())
      collect()
      ship({ kind: 'flushed', token: command.token })
      break
  }
}

function collect(): void {
  announceRoutes()
  const mapped = (site: Site | undefined): { site?: Site } => (site ? { site: inSource(site) } : {})
  for (const statement of allStatements()) {
    if (!statement.isShipped) {
      statement.isShipped = true
      const { id, text, rawText, issuedBy, named, nameErrors } = statement
      send({
        kind: 'statement',
        id,
        text,
        rawText,
        ...(issuedBy && { issuedBy }),
        ...(named !== undefined && { named }),
        ...statement.literals(),
        ...(nameErrors > 0 && { nameErrors }),
      })
    }
    for (const sample of statement.unshipped.splice(0)) send({ kind: 'parameters', statementId: statement.id, sample })
  }
  const aggregates = takeAggregates()
  if (aggregates) {
    const { uses, cacheUses } = aggregates
    send({
      ...aggregates,
      uses: uses.map(use => ({ ...use, ...mapped(use.site) })),
      ...(cacheUses && { cacheUses: cacheUses.map(use => ({ ...use, ...mapped(use.site) })) }),
    })
  }
  for (const keys of takeCacheKeys())
    send({ kind: 'cache-keys', keys: { ...keys, loads: { ...keys.loads, ...mapped(keys.loads.site) } } })
  const caches = takeCacheCounters()
  if (caches) send({ kind: 'counters', caches })
  for (const { client, ...rest } of takeCacheClients())
    send({ kind: 'cache-client', ...rest, client: { ...client, ...mapped(client.site) } })
  for (const reads of takeCacheReads()) send({ kind: 'cache-reads', ...reads })
  for (const reads of takeReads()) send({ kind: 'reads', ...reads })
  for (const call of takeSyncCalls()) send({ kind: 'sync-call', call: { ...call, ...mapped(call.site) } })
  for (const trace of takeTraces())
    send({ kind: 'trace', trace: { ...trace, spans: trace.spans.map(span => ({ ...span, ...mapped(span.site) })) } })
  for (const [poolId, pool] of poolStates().entries())
    send({
      kind: 'pool',
      poolId,
      pool: {
        ...pool,
        ...mapped(pool.site),
        ...(pool.held && { held: pool.held.map(held => ({ ...held, ...mapped(held.site) })) }),
      },
    })
}

function reportFailure(): void {
  const text = takeFailure()
  if (text !== undefined) send({ kind: 'warning', text: `the probe switched itself off: ${text}` })
  ship()
}
