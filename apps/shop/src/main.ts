/** `node main.js` with DATABASE_URL, PORT and SHOP_FIXES: the shop as a process. */
import { parseFixes } from './faults.ts'
import { createServer } from './server.ts'

const connectionString = process.env['DATABASE_URL']
if (!connectionString) throw new Error('DATABASE_URL is not set')
const server = createServer(connectionString, parseFixes(process.env['SHOP_FIXES']))
await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 0) })
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close())
