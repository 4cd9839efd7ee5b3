/** A path as the name of a route: what looks like an id becomes `:id`, for services and peers that tell us no pattern. */

const idSegment =
  /^(?:\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[a-z]*\d)[0-9a-f]{12,}|[0-9A-HJKMNP-TV-Z]{26})$/i
const longSegment = 48
const segmentsKept = 12

export function collapsePath(url: string): string {
  const end = url.search(/[?#]/)
  const path = end < 0 ? url : url.slice(0, end)
  const segments = path.split('/')
  if (segments.length > segmentsKept) segments.splice(segmentsKept, segments.length, '…')
  return segments.map(collapseSegment).join('/') || '/'
}

function collapseSegment(segment: string): string {
  return segment.length > longSegment || idSegment.test(segment) ? ':id' : segment
}

/** `/orders` and `/` of a mounted router are one route: no doubled and no trailing slash. */
export function joinPattern(base: string, path: string): string {
  const joined = `${base}/${path}`.replaceAll(/\/{2,}/g, '/')
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined
}
