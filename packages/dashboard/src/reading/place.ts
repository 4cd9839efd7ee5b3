/** Where a finding is, as short as it can be said. */
import type { Where } from '@whetstone/model'

export function placeOf({ site, resource, route }: Where): string {
  const frame = site?.[0]
  return frame ? `${frame.file}:${frame.line}` : (resource ?? route ?? '')
}
