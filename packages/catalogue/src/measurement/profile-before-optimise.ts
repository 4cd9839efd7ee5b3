/** Whether there is a profile of a service that spends its time on the CPU: before one, every change of its code is a guess. */
import { definePractice, pass, unknown } from '@whetstone/model'
import { servingProcesses } from '../derive/cores.ts'
import { countText, fact, percentText } from '../derive/figures.ts'
import { readMainThread } from '../derive/main-thread.ts'

export const profileBeforeOptimise = definePractice({
  id: 'profile-before-optimise',
  chapter: 'measurement',
  title: 'Profile your code before optimising',
  why: 'People remember what they wrote last, not what runs most: without a profile the wrong function is made fast.',
  unless: ['The time is spent waiting for a database or another service: then traces tell more than a profile.'],
  sources: [
    'https://nodejs.org/en/learn/getting-started/profiling',
    'https://doi.org/10.1145/356635.356640',
    'https://github.com/clinicjs/node-clinic-doctor',
  ],
  needs: ['runtime'],
  optional: ['cpu-profile'],
  thresholds: {
    utilisationFraction: {
      value: 0.7,
      unit: 'fraction',
      source: 'a loop that is busy for most of the time is where the time goes',
    },
    busySamples: { value: 50, unit: 'count', source: 'with fewer samples a tenth is five, and chance' },
  },
  remedy: {
    summary: 'Take a profile under load, and begin with what is on top of it.',
    library: 'whetstone diagnose',
    example: {
      language: 'ts',
      before: `// "the JSON must be slow": a week later it was the template`,
      after: `// whetstone diagnose -- node server.js, then the flame graph of its report`,
    },
  },
  detect({ runtime, 'cpu-profile': profile }, thresholds) {
    const serving = servingProcesses(runtime)
    if (serving.length === 0)
      return unknown(
        ['runtime'],
        'no process answered a request while it was watched',
        'whetstone diagnose -- <command> (Node)',
      )
    const busiest = Math.max(...serving.map(one => one.utilisationFraction))
    const thread = readMainThread(profile)
    const facts = [fact('event-loop utilisation, median', busiest, 'fraction', 'runtime')]
    if (thread && thread.busySamples >= thresholds.busySamples) {
      const [top] = thread.charges
      return pass(
        [...facts, fact('samples of work', thread.busySamples, 'count', 'cpu-profile')],
        `profiled under load with ${countText(thread.busySamples)} samples of work${top ? `: ${top.name} on top with ${percentText(top.busyFraction)}` : ''}`,
      )
    }
    if (busiest < thresholds.utilisationFraction)
      return pass(facts, `its event loop is ${percentText(busiest)} busy: the time is spent elsewhere`)
    return unknown(
      ['cpu-profile'],
      `its event loop is ${percentText(busiest)} busy, and there is no profile that says with what`,
      'whetstone diagnose --duration 30s -- <command> (Node)',
    )
  },
})
