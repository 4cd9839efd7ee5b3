/** Limits on what a load does not hold, told before it is sent: judged at the end they would be unknown, and break nothing. */
import { closestTo, WhetstoneError } from '@whetstone/model'
import type { LoadThreshold, RouteName } from '@whetstone/model'

/** What a load will tell of. */
interface Told {
  readonly routes: readonly RouteName[]
  readonly checks: readonly { readonly name: string; readonly route: RouteName }[]
}

const SHOWN = 6

/** @throws WhetstoneError WHET_LOAD_THRESHOLD for the first limit whose route or check is not among them */
export function assertKnown(limits: readonly LoadThreshold[], { routes, checks }: Told): void {
  for (const { text, route, metric } of limits) {
    if (route !== undefined && !routes.includes(route)) throw unknown(text, `there is no route ${route}`, route, routes)
    if (metric.kind !== 'checks') continue
    const names = [
      ...new Set(checks.filter(check => route === undefined || check.route === route).map(one => one.name)),
    ]
    const place = route === undefined ? '' : ` on ${route}`
    if (names.length === 0) throw unknown(text, `nothing is checked${place}`, '', [])
    if (metric.name !== undefined && !names.includes(metric.name))
      throw unknown(text, `there is no check "${metric.name}"${place}`, metric.name, names)
  }
}

function unknown(text: string, why: string, asked: string, known: readonly string[]): WhetstoneError {
  const meant = closestTo(asked, known)
  const list =
    known.length > SHOWN ? `${known.slice(0, SHOWN).join(', ')} and ${known.length - SHOWN} more` : known.join(', ')
  const hint =
    known.length === 0
      ? 'checks are written in a scenario file'
      : meant
        ? `did you mean ${meant}?`
        : `there are ${list}`
  return new WhetstoneError(
    'WHET_LOAD_THRESHOLD',
    `the limit '${text}' would be judged by nothing: ${why} in this load`,
    {
      hint,
    },
  )
}
