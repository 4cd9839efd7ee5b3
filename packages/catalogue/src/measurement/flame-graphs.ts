/** Whether this run holds a profile large enough to be drawn as a flame graph. */
import { definePractice, notApplicable, pass, unknown } from '@whetstone/model'
import { countText, fact, msText } from '../derive/figures.ts'
import { profileBeforeOptimise } from './profile-before-optimise.ts'

export const flameGraphs = definePractice({
  id: 'flame-graphs',
  chapter: 'measurement',
  title: 'Flame graphs',
  why: 'A list of functions hides who called them; a flame graph shows at a glance which path through the code the CPU took.',
  unless: ['The process hardly computes: a graph of waiting is empty.'],
  sources: ['https://www.brendangregg.com/flamegraphs.html', 'https://queue.acm.org/detail.cfm?id=2927301'],
  needs: [],
  optional: ['cpu-profile'],
  thresholds: { busySamples: profileBeforeOptimise.thresholds['busySamples']! },
  remedy: {
    summary: 'Open the flame graph of the report, and look for the widest plateau that is your own code.',
    library: 'whetstone report --open',
    example: {
      language: 'ts',
      before: `// a table of four hundred functions by self time`,
      after: `// whetstone report --open: the widest path first`,
    },
  },
  detect({ 'cpu-profile': profile }, { busySamples }) {
    if (!profile || profile.profiles.length === 0)
      return unknown(['cpu-profile'], 'there is no profile to draw', 'whetstone diagnose -- <command> (Node)')
    const busy = profile.profiles.reduce((sum, one) => sum + one.busySamples, 0)
    const durationMs = Math.max(...profile.profiles.map(one => one.durationMs))
    if (busy < busySamples)
      return notApplicable(`${countText(busy)} samples of work in ${msText(durationMs)}: there is nothing to draw`)
    return pass(
      [fact('samples of work', busy, 'count', 'cpu-profile'), fact('profiled for', durationMs, 'ms', 'cpu-profile')],
      `${countText(busy)} samples of work over ${msText(durationMs)}, drawn in the report: whetstone report --open`,
    )
  },
})
