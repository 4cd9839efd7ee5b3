/** The service whose runs are recorded beside this file: `FIXED=1 node service.mjs` is the same without its faults. */
import crypto from 'node:crypto'
import http from 'node:http'
import { promisify } from 'node:util'
import zlib from 'node:zlib'

const fixed = process.env.FIXED === '1'
const pbkdf2 = promisify(crypto.pbkdf2)
const gzip = promisify(zlib.gzip)

const products = Array.from({ length: 4000 }, (_, id) => ({ id, name: `product number ${id}`, price: id * 3 }))
const catalogue = JSON.stringify(products.slice(0, 900))
const prices = Object.fromEntries(products.map(({ id, name, price }) => [name, { price, history: [price, id] }]))

function distinct(items) {
  if (fixed) return [...new Map(items.map(item => [item.id, item])).values()]
  const found = []
  for (const item of items) {
    if (!found.some(other => other.id === item.id)) found.push(item)
  }
  return found
}

async function sign(text) {
  if (fixed) return pbkdf2(text, 'salt', 10_000, 32, 'sha256')
  return crypto.pbkdf2Sync(text, 'salt', 10_000, 32, 'sha256')
}

function priceList() {
  const wanted = fixed ? Object.fromEntries(Object.entries(prices).slice(0, 20)) : prices
  return JSON.stringify(wanted)
}

async function sendJson(request, response, text, headers = {}) {
  response.setHeader('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (fixed && text.length > 1434 && /gzip/.test(request.headers['accept-encoding'] ?? '')) {
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'accept-encoding')
    return response.end(await gzip(text, { level: 5 }))
  }
  response.end(text)
}

let requests = 0
const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/health') return response.end('ok')
  if (pathname === '/invoice') return response.end((await sign('invoice 17')).toString('hex'))
  if (pathname === '/distinct') return sendJson(request, response, `{"distinct":${distinct(products.slice(0, 2500)).length}}`)
  if (pathname === '/prices') return sendJson(request, response, priceList())
  if (pathname === '/products') {
    const limit = fixed ? Number(searchParams.get('limit') ?? 50) : products.length
    return sendJson(request, response, JSON.stringify(products.slice(0, limit)), { 'cache-control': 'private, max-age=5' })
  }
  if (pathname === '/catalogue') {
    if (fixed && request.headers['if-none-match'] === '"v1"') return response.writeHead(304, { etag: '"v1"' }).end()
    return sendJson(request, response, fixed ? catalogue.slice(0, 2000) : catalogue, { etag: '"v1"' })
  }
  if (pathname === '/report') {
    // Slow by waiting, the same for everybody, and without a word about how long it may be kept.
    await new Promise(resolve => setTimeout(resolve, fixed ? 2 : 240))
    return sendJson(request, response, '{"total":17}')
  }
  if (pathname === '/stock' && !fixed && ++requests % 10 === 0) return response.writeHead(500).end()
  if (pathname === '/stock') return response.end('3')
  response.writeHead(404).end()
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
