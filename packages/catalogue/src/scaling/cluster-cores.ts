/** One process that fills its core while the others of the machine have nothing to do. */
import { definePractice, type Finding, findings, fingerprintOf, notApplicable, pass } from '@whetstone/model'
import { othersBusyFraction, servingProcesses, usableCores } from '../derive/cores.ts'
import { countText, fact, percentText } from '../derive/figures.ts'

export const clusterCores = definePractice({
  id: 'cluster-cores',
  chapter: 'scaling',
  title: 'Use all cores',
  why: 'JavaScript runs on one thread: one process answers with one core, however many the machine has.',
  unless: [
    'An orchestrator runs one process a core or a replica a core already.',
    'It keeps state in its memory that all requests must share: that goes into a store first.',
    'The work itself can be made less: that is worth more than a second core.',
  ],
  sources: [
    'https://nodejs.org/api/cluster.html',
    'https://nodejs.org/api/perf_hooks.html#performanceeventlooputilizationutilization1-utilization2',
  ],
  needs: ['host', 'runtime'],
  thresholds: {
    utilisationFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'M/M/1: at four fifths a request waits four times as long as it is worked on',
    },
    ownCores: {
      value: 0.7,
      unit: 'count',
      source: 'a loop that was busy and burnt less was waiting for its turn on a busy machine',
    },
    othersBusyFraction: {
      value: 0.3,
      unit: 'fraction',
      source: 'with a third taken by the database and the load, another process still finds a core',
    },
  },
  remedy: {
    summary: 'Run as many processes as there are cores to spare: replicas, or node:cluster.',
    library: 'node:cluster',
    example: {
      language: 'ts',
      before: `app.listen(3000)`,
      after: `if (cluster.isPrimary) for (let core = 0; core < availableParallelism(); core++) cluster.fork()
else app.listen(3000)`,
    },
  },
  detect({ host, runtime }, thresholds) {
    const serving = servingProcesses(runtime)
    const [one] = serving
    const cores = Math.floor(usableCores(host))
    if (!one) return notApplicable('no process answered a request')
    if (serving.length > 1) return pass([], `${countText(serving.length)} processes share the work`)
    if (cores < 2) return notApplicable('there is one core to use')
    const others = othersBusyFraction(host, one.cpuCores)
    const facts = [
      fact('event-loop utilisation, median', one.utilisationFraction, 'fraction', 'runtime'),
      fact('CPU of the process, in cores', one.cpuCores, 'count', 'runtime'),
      ...(others === undefined ? [] : [fact('other cores busy, median', others, 'fraction', 'host')]),
    ]
    const fillsItsCore =
      one.utilisationFraction >= thresholds.utilisationFraction && one.cpuCores >= thresholds.ownCores
    if (!fillsItsCore)
      return pass(facts, `one process is enough: its loop is ${percentText(one.utilisationFraction)} busy`)
    if (others === undefined || others >= thresholds.othersBusyFraction)
      return pass(facts, 'its core is full, and so are the others')
    return findings([describe(facts, cores, others)])
  },
})

function describe(facts: Finding['facts'], cores: number, others: number): Finding {
  const where = { resource: 'cores' }
  return {
    fingerprint: fingerprintOf('cluster-cores', where),
    practice: 'cluster-cores',
    title: `one process fills its core, and ${cores === 2 ? 'the other core is' : `${countText(cores - 1)} other cores are`} ${percentText(others)} busy`,
    where,
    facts,
    confidence: 'strong',
    edit: { kind: 'instances', from: 1, to: cores },
    remedy: {
      summary: 'Let several processes share the work.',
      steps: [
        'First look whether one request must cost so much CPU: a second core doubles what it serves, less work may do more.',
        'Pools multiply with the processes: together they have to stay below max_connections of the database.',
        'What is kept in memory is then kept in each of them: sessions, counters and locks belong into a store.',
      ],
      code: {
        language: 'ts',
        after: `import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'

if (cluster.isPrimary) {
  for (let core = 0; core < availableParallelism(); core++) cluster.fork()
  cluster.on('exit', () => cluster.fork())
} else {
  await import('./server.js')
}`,
      },
    },
  }
}
