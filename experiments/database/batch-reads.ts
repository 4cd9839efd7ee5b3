/** The four people of a document, each asked for where it is needed: a statement each, against one for all that were asked for in one tick. */
import { batched } from '@whetstone/runtime/batch'
import { defineExperiment, spread } from '../define.ts'
import type { ArmContext } from '../define.ts'

interface Person {
  readonly id: number
  readonly name: string
  readonly office: string
}

const documents = 'SELECT id, author, editor, reviewer, owner FROM documents WHERE id = $1'
type Document = Readonly<Record<'id' | 'author' | 'editor' | 'reviewer' | 'owner', number>>

const poolOf = ({ pg, connectionString }: ArmContext) =>
  new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })

// A view over six tables: what it costs is mostly its plan, paid once for each statement.
export const experiment = defineExperiment({
  practice: 'batch-reads',
  database: `
    CREATE TABLE countries (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE cities (id int PRIMARY KEY, country_id int NOT NULL, name text NOT NULL);
    CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE roles (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE offices (id int PRIMARY KEY, city_id int NOT NULL, name text NOT NULL);
    CREATE TABLE people (id int PRIMARY KEY, office_id int, team_id int, role_id int, name text NOT NULL);
    CREATE TABLE documents (id int PRIMARY KEY, author int, editor int, reviewer int, owner int);
    CREATE VIEW profiles AS
      SELECT p.id, p.name, t.name AS team, r.name AS role, o.name AS office, c.name AS city, n.name AS country
      FROM people p JOIN teams t ON t.id = p.team_id JOIN roles r ON r.id = p.role_id JOIN offices o ON o.id = p.office_id
        JOIN cities c ON c.id = o.city_id JOIN countries n ON n.id = c.country_id;
    INSERT INTO countries SELECT n, 'country ' || n FROM generate_series(1, 50) n;
    INSERT INTO cities SELECT n, 1 + n % 50, 'city ' || n FROM generate_series(1, 300) n;
    INSERT INTO teams SELECT n, 'team ' || n FROM generate_series(1, 80) n;
    INSERT INTO roles SELECT n, 'role ' || n FROM generate_series(1, 20) n;
    INSERT INTO offices SELECT n, 1 + n % 300, 'office ' || n FROM generate_series(1, 400) n;
    INSERT INTO people SELECT n, 1 + n % 400, 1 + n % 80, 1 + n % 20, 'person ' || n FROM generate_series(1, 20000) n;
    INSERT INTO documents
      SELECT n, 1 + n * 7 % 20000, 1 + n * 11 % 20000, 1 + n * 13 % 20000, 1 + n * 17 % 20000 FROM generate_series(1, 5000) n`,
  requests: [{ route: 'GET /documents/:id', paths: spread(5_000, id => `/documents/${id}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app(server, context) {
      const pool = poolOf(context)
      const person = async (id: number) =>
        (await pool.query<Person>('SELECT * FROM profiles WHERE id = $1', [id])).rows[0]
      server.get<{ Params: { id: string } }>('/documents/:id', async ({ params }) => {
        const { rows } = await pool.query<Document>(documents, [params.id])
        const { id, author, editor, reviewer, owner } = rows[0]!
        return {
          id,
          author: await person(author),
          editor: await person(editor),
          reviewer: await person(reviewer),
          owner: await person(owner),
        }
      })
    },
  },
  after: {
    app(server, context) {
      const pool = poolOf(context)
      const person = batched(
        async (ids: readonly number[]) =>
          (await pool.query<Person>('SELECT * FROM profiles WHERE id = ANY($1)', [ids])).rows,
        { by: ({ id }) => id },
      )
      server.get<{ Params: { id: string } }>('/documents/:id', async ({ params }) => {
        const { rows } = await pool.query<Document>(documents, [params.id])
        const { id, ...of } = rows[0]!
        const [author, editor, reviewer, owner] = await Promise.all(
          [of.author, of.editor, of.reviewer, of.owner].map(one => person(one)),
        )
        return { id, author, editor, reviewer, owner }
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.5 },
})
