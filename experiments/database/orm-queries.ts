/** A page of 18 related parts, each asked for by the mapper in a statement of its own, against one statement for all. */
import { Sequelize, QueryTypes, type Model, type ModelStatic } from 'sequelize'
import { defineExperiment, spread } from '../define.ts'
import type { ArmContext } from '../define.ts'

const parts = Array.from({ length: 18 }, (_, index) => `part_${index + 1}`)

function mapper({ connectionString }: ArmContext): Sequelize {
  return new Sequelize(connectionString, { dialect: 'postgres', logging: false, pool: { max: 2, idle: 60_000 } })
}

export const experiment = defineExperiment({
  practice: 'orm-queries',
  database: parts
    .map(
      part => `CREATE TABLE ${part} (id int PRIMARY KEY, name text NOT NULL);
        INSERT INTO ${part} SELECT n, '${part} of ' || n FROM generate_series(1, 500) n`,
    )
    .join(';\n'),
  requests: [{ route: 'GET /pages/:id', paths: spread(500, id => `/pages/${id}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app(server, context) {
      const sequelize = mapper(context)
      const models = parts.map((part): ModelStatic<Model> =>
        sequelize.define(part, { name: 'text' }, { tableName: part, timestamps: false }),
      )
      server.get<{ Params: { id: string } }>('/pages/:id', async request => {
        const found = []
        for (const model of models) found.push((await model.findByPk(request.params.id))?.get('name'))
        return found
      })
    },
  },
  after: {
    app(server, context) {
      const sequelize = mapper(context)
      const names = parts.map(part => `(SELECT name FROM ${part} WHERE id = $1)`).join(', ')
      server.get<{ Params: { id: string } }>('/pages/:id', async request => {
        const [row] = await sequelize.query<{ names: string[] }>(`SELECT ARRAY[${names}] AS names`, {
          bind: [Number(request.params.id)],
          type: QueryTypes.SELECT,
        })
        return row?.names
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
