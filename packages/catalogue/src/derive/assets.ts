/** Which probed answers are files for a browser, and which of them carry their version in their name. */
import type { HttpAnswer } from '@whetstone/model'

const assetTypes =
  /^(text\/(css|javascript)|application\/(javascript|wasm|x-javascript|font|vnd\.ms-fontobject)|image\/|font\/|video\/|audio\/)/i

export function isAsset(answer: HttpAnswer): boolean {
  return assetTypes.test(answer.headers['content-type'] ?? '')
}

/**
 * `app.3f9a1c2b.js`, `index-BX3kd9aQ.css`, `logo.png?v=5d41402a`: another content would have another name. Hexadecimal with a digit, or as
 * bundlers write base 32 and 64: capitals and digits. A version such as `3.6.0` is somebody's promise, not of the content.
 */
export function isNamedByContent(url: string): boolean {
  const [path = '', query = ''] = url.split('?', 2)
  const file = path.slice(path.lastIndexOf('/') + 1)
  const stem = file.slice(0, Math.max(0, file.lastIndexOf('.')))
  const versions = [...query.matchAll(/(?:^|&)(?:v|ver|version|hash|h)=([^&]+)/g)].map(([, value]) => value!)
  return [...stem.split(/[.~]|-(?=[^-]*$)|_(?=[^_]*$)/).slice(stem.length > 30 ? 0 : 1), ...versions].some(isHash)
}

function isHash(word: string): boolean {
  if (/^[0-9a-f]{8,64}$/.test(word)) return /[0-9]/.test(word) && /[a-f]/.test(word)
  return /^[0-9A-Za-z_-]{8,32}$/.test(word) && /[0-9]/.test(word) && /[A-Z]/.test(word)
}

/** Of everything that passes an answer on and says so: caches of CDNs, of proxies, of services in front. */
const passedOn = ['age', 'via', 'x-cache', 'cache-status', 'x-cache-status', 'cf-cache-status', 'cf-ray', 'x-served-by', 'x-amz-cf-id', 'x-vercel-cache', 'x-nf-request-id', 'fly-request-id', 'x-varnish', 'x-proxy-cache', 'cdn-cache', 'x-cdn'] // prettier-ignore

export function cameByCache(answer: HttpAnswer): boolean {
  return passedOn.some(name => name in answer.headers)
}
