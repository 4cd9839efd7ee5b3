/** Names under which answers can be purged together, in the headers that CDNs read too. */
import { header, type Headers } from './headers.ts'

/** Fastly's bound for one key; Cloudflare's is the same. */
const longestTag = 1_024
/** More would not fit into a header anyway. */
const mostTags = 500

/**
 * Headers for an answer: `Surrogate-Key` (Fastly, Varnish) and `Cache-Tag` (Cloudflare, Akamai). They go on to the client unless a CDN takes
 * them away, so a tag should be no secret.
 * @throws RangeError for a tag that is empty, too long, or holds anything but visible ASCII without comma
 */
export function cacheTags(...tags: readonly string[]): {
  readonly 'surrogate-key': string
  readonly 'cache-tag': string
} {
  for (const tag of tags)
    if (!isTag(tag))
      throw new RangeError(`a cache tag is up to 1,024 visible ASCII characters without comma, not '${tag}'`)
  return { 'surrogate-key': tags.join(' '), 'cache-tag': tags.join(',') }
}

/** By both headers. What is no tag is left out. */
export function tagsOf(answer: Headers): readonly string[] {
  const keys = (header(answer, 'surrogate-key') ?? '').split(/[\s,]+/)
  const tags = (header(answer, 'cache-tag') ?? '').split(/[\s,]+/)
  return [...new Set([...keys, ...tags].filter(isTag))].slice(0, mostTags)
}

/** A lone `*` is the tag of everything in the cache below. */
function isTag(text: string): boolean {
  return text.length <= longestTag && /^[\x21-\x2b\x2d-\x7e]+$/.test(text) && text !== '*'
}
