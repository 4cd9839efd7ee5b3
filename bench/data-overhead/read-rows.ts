/** One process that reads a long result, whole or as a stream, and tells by how much its memory grew. */
import { Pool, RowBatches } from '@whetstone/runtime/data'

const [databaseUrl, how, statement] = process.argv.slice(2) as [string, 'whole' | 'stream', string]
const pool = new Pool({ connectionString: databaseUrl, max: 1 })
// Connected, compiled and warm: what follows is the rows.
await pool.query('SELECT 1')
for await (const _ of new RowBatches(pool, 'SELECT 1')) continue
const before = process.memoryUsage.rss()
const startedMs = performance.now()
let [rows, bytes] = [0, 0]
const use = (row: object) => {
  rows++
  bytes += JSON.stringify(row).length
}
if (how === 'whole') for (const row of (await pool.query(statement)).rows) use(row)
else for await (const batch of new RowBatches<object>(pool, statement)) batch.forEach(use)
const elapsedMs = performance.now() - startedMs
// Of the kernel, which has seen every moment; in kB.
const grownBytes = process.resourceUsage().maxRSS * 1_024 - before
process.stdout.write(JSON.stringify({ rows, bytes, elapsedMs, grownBytes }))
await pool.end()
