/** Rows for parse-server: its classes made through its REST interface, as its schema wants them, then filled by SQL in seconds. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

interface Client {
  connect(): Promise<void>
  query(text: string): Promise<unknown>
  end(): Promise<void>
}

export const parseEntry = 'node_modules/parse-server/bin/parse-server'
export const parseWords = (databaseUrl: string, port: number): readonly string[] => [
  ...['node', parseEntry, '--appId', 'app', '--masterKey', 'master', '--databaseURI', databaseUrl],
  ...['--port', String(port), '--host', '127.0.0.1'],
]

const startTimeoutMs = 120_000
const text = `repeat(md5(i::text) || ' ', 6)`

const fill = `
DELETE FROM "Author"; DELETE FROM "Post"; DELETE FROM "Note";
INSERT INTO "Author" ("objectId", "createdAt", "updatedAt", "name")
  SELECT 'au' || lpad(i::text, 8, '0'), now() - i * interval '1 minute', now(), 'Author ' || i FROM generate_series(1, 5000) i;
INSERT INTO "Post" ("objectId", "createdAt", "updatedAt", "title", "body", "author")
  SELECT 'po' || lpad(i::text, 8, '0'), now() - i * interval '1 minute', now(), 'Post ' || i, ${text},
    'au' || lpad((1 + i * 7919 % 5000)::text, 8, '0') FROM generate_series(1, 50000) i;
INSERT INTO "Note" ("objectId", "createdAt", "updatedAt", "text", "post")
  SELECT 'no' || lpad(i::text, 8, '0'), now() - i * interval '1 minute', now(), ${text},
    'po' || lpad((1 + i * 7919 % 50000)::text, 8, '0') FROM generate_series(1, 100000) i;
ANALYZE;`

/** 5,000 Author, 50,000 Post with an author, 100,000 Note with a post. */
export async function fillParse(folder: string, databaseUrl: string, port: number): Promise<void> {
  await createClasses(folder, databaseUrl, port)
  // The driver the application brought along.
  const { Client } = createRequire(join(folder, 'package.json'))('pg') as { Client: new (url: string) => Client }
  const client = new Client(databaseUrl)
  await client.connect()
  await client.query(fill)
  await client.end()
}

async function createClasses(folder: string, databaseUrl: string, port: number): Promise<void> {
  const [, ...words] = parseWords(databaseUrl, port)
  const child = spawn(process.execPath, words, { cwd: folder, stdio: 'ignore' })
  const ended = new Promise(resolve => child.once('close', resolve))
  const url = `http://127.0.0.1:${port}/parse`
  const headers = {
    'x-parse-application-id': 'app',
    'x-parse-master-key': 'master',
    'content-type': 'application/json',
  }
  const create = async (name: string, fields: object) => {
    const reply = await fetch(`${url}/classes/${name}`, { method: 'POST', headers, body: JSON.stringify(fields) })
    if (reply.status !== 201) throw new Error(`${name}: ${reply.status} ${await reply.text()}`)
    return ((await reply.json()) as { objectId: string }).objectId
  }
  const pointer = (className: string, objectId: string) => ({ __type: 'Pointer', className, objectId })
  try {
    const until = performance.now() + startTimeoutMs
    while (
      !(await fetch(`${url}/health`, { headers }).then(
        reply => reply.ok,
        () => false,
      ))
    ) {
      if (performance.now() > until || child.exitCode !== null) throw new Error('parse-server does not answer')
      await delay(100)
    }
    const author = await create('Author', { name: 'a' })
    const post = await create('Post', { title: 'a', body: 'b', author: pointer('Author', author) })
    await create('Note', { text: 'a', post: pointer('Post', post) })
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}
