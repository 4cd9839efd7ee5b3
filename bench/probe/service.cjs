/** The service under measurement: one primary-key query, or twenty one after another. It tells its own CPU time when asked. */
const { fastify } = require('fastify')
const { Pool } = require('pg')

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const app = fastify()

app.get('/one/:id', async request => await load(Number(request.params.id)))
app.get('/twenty/:id', async request => {
  const items = []
  for (let offset = 0; offset < 20; offset++) items.push(await load(Number(request.params.id) + offset))
  return items
})

async function load(id) {
  const { rows } = await pool.query('select id, name from item where id = $1', [id])
  return rows[0]
}

process.on('message', () => process.send({ cpu: process.cpuUsage() }))
app.listen({ port: 0, host: '127.0.0.1' }).then(address => process.send({ address }))
