/** Statements that come to the server as something new each time: with values written into the text, without a name, or under a name that a pooler loses. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RequestLiteral,
  type Statement,
  type StatementsEvidence,
  type Where,
} from '@whetstone/model'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { isOwnCode, placeOf } from '../derive/places.ts'
import { type Planning, planningOf } from '../derive/planning.ts'
import { workOf } from '../derive/statements.ts'

export const preparedStatements = definePractice({
  id: 'prepared-statements',
  chapter: 'database',
  title: 'Send values as parameters, and hot statements by name',
  why: 'A text with the values written into it is a new statement each time: parsed, planned and kept apart, and where a value comes from the request, what else it holds is run as well. A parameterised statement under a name is planned once for each connection.',
  unless: [
    'A pooler in transaction mode stands between, older than PgBouncer 1.21: parameters yes, names no.',
    'The best plan depends on the value, as where one customer owns half of the rows: then let it be planned each time.',
  ],
  sources: [
    'https://node-postgres.com/features/queries#prepared-statements',
    'https://www.postgresql.org/docs/current/sql-prepare.html',
    'https://docs.sentry.io/product/issues/issue-details/query-injection/',
    'https://www.pgbouncer.org/faq.html',
  ],
  needs: ['statements'],
  optional: ['pg', 'load-curve'],
  thresholds: {
    literalSets: { value: 10, unit: 'count', source: 'more sets of values than anybody writes out as constants' },
    requestTexts: {
      value: 3,
      unit: 'count',
      source:
        'three texts that each held a value of their own request: no chance (the shape of Sentry query injection)',
    },
    planFraction: { value: 0.5, unit: 'fraction', source: 'a third of its time on the server goes into planning' },
    planningMs: { value: 0.3, unit: 'ms', source: 'less than that is not felt beside a round trip' },
    callsPerSecond: { value: 10, unit: 'per-second', source: 'a rare statement is forgotten before it is used again' },
    nameErrors: { value: 3, unit: 'count', source: 'one may be a restart of the server' },
  },
  remedy: {
    summary: 'Parameters for every value; a name for what runs often.',
    library: '@whetstone/runtime/data Pool: names by itself, and not behind a pooler that cannot',
    example: {
      language: 'ts',
      before: "await pool.query(`SELECT id FROM items WHERE name LIKE '%${q}%'`)",
      after:
        "await pool.query({ name: 'find-items', text: 'SELECT id FROM items WHERE name LIKE $1', values: [`%${q}%`] })",
    },
  },
  detect({ statements, pg, 'load-curve': load }, thresholds) {
    const used = new Set(statements.uses.flatMap(use => (use.route === '' ? [] : [use.statementId])))
    const own = statements.statements.filter(one => used.has(one.id) && workOf(one) !== 'control')
    if (own.length === 0) return notApplicable('no request ran a statement')
    const found: Finding[] = []
    const written: Statement[] = []
    for (const statement of own) {
      const injected = requestValue(statement, thresholds.requestTexts)
      if (injected) found.push(describeInjection(statement, injected, statements))
      else if ((statement.literalSets ?? 0) > thresholds.literalSets && !isWrittenByLibrary(statement))
        written.push(statement)
    }
    for (const group of groupedBy(written, one => writerOf(one, statements)))
      found.push(describeLiterals(group, statements))
    const [unnamed] = own.toSorted((a, b) => (b.nameErrors ?? 0) - (a.nameErrors ?? 0))
    if (unnamed && (unnamed.nameErrors ?? 0) >= thresholds.nameErrors) found.push(describeNames(unnamed, statements))
    const planned = (pg ? planningOf(pg, statements, load) : []).filter(
      one =>
        one.planningMs >= thresholds.planningMs &&
        one.planningMs >= one.executionMs * thresholds.planFraction &&
        one.callsPerSecond >= thresholds.callsPerSecond,
    )
    // Names are the driver's doing, and to a text that always differs no name can be given.
    const nameable = planned.filter(one => !written.includes(one.statement))
    for (const group of groupedBy(nameable, one => one.statement.issuedBy ?? ''))
      found.push(describePlanning(group, statements))
    return found.length > 0
      ? findings(found)
      : pass(
          [fact('statements of requests', own.length, 'count', 'statements')],
          'values come as parameters, and planning is not what takes the time',
        )
  },
})

/** A list of more is no longer read. */
const listedAtMost = 5

type Group<T> = readonly [T, ...T[]]

/** One cause is one finding, however many statements it strikes. */
function groupedBy<T>(all: readonly T[], causeOf: (one: T) => string): readonly Group<T>[] {
  const groups = new Map<string, [T, ...T[]]>()
  for (const one of all) {
    const group = groups.get(causeOf(one))
    if (group) group.push(one)
    else groups.set(causeOf(one), [one])
  }
  return [...groups.values()]
}

/** A library does it to every statement alike; a line of the service is mended by itself. */
function writerOf({ id, issuedBy }: Statement, statements: StatementsEvidence): string {
  const { site } = placeOf(id, statements)
  return issuedBy ?? (site && isOwnCode(site) ? `${site[0]!.file}:${site[0]!.line}` : '')
}

/** Of several statements no one is the place. */
function placeOfAll([first, ...others]: Group<Statement>, resource: string, statements: StatementsEvidence): Where {
  if (others.length === 0) return { ...placeOf(first.id, statements), resource }
  return { resource: first.issuedBy === undefined ? resource : `${resource}, ${first.issuedBy}` }
}

const quoted = ({ id, text }: Statement, statements: StatementsEvidence): string => {
  const line = placeOf(id, statements).site?.[0]
  return `\`${excerpt(text)}\`${line ? ` (${line.file}:${line.line})` : ''}`
}

/** What comes after the first. */
function alsoStep(others: readonly Statement[], statements: StatementsEvidence): readonly string[] {
  if (others.length === 0) return []
  const listed = others.slice(0, listedAtMost).map(one => quoted(one, statements))
  const left = others.length - listed.length
  return [`So with ${listed.join('; ')}${left > 0 ? `; and ${countText(left)} more` : ''}.`]
}

/** Sequelize escapes values into the text of everything it reads, TypeORM numbers into LIMIT and OFFSET: nobody can change that where it is used. */
function isWrittenByLibrary({ issuedBy }: Statement): boolean {
  return issuedBy === 'sequelize' || issuedBy === 'typeorm'
}

/** Between quotes only: a bare number was most likely made one by the code. Libraries that write every value into the text escape it first. */
function requestValue({ requestLiterals = [], issuedBy }: Statement, texts: number): RequestLiteral | undefined {
  if (issuedBy === 'sequelize' || issuedBy === 'pg-promise') return undefined
  return requestLiterals.find(one => one.quoted && one.texts >= texts)
}

function describeInjection(statement: Statement, value: RequestLiteral, statements: StatementsEvidence): Finding {
  const where = { ...placeOf(statement.id, statements), resource: 'request value in SQL' }
  const name = value.parameter === '' ? 'A part of the path' : `The query parameter ${value.parameter}`
  const line = where.site?.[0]
  return {
    fingerprint: fingerprintOf('prepared-statements', where),
    practice: 'prepared-statements',
    title: `${name} is written into the text of SQL`,
    where,
    facts: [
      fact('different texts that held the value of their own request', value.texts, 'count', 'statements', {
        statementId: statement.id,
      }),
      fact('different sets of literals', statement.literalSets ?? value.texts, 'count', 'statements', {
        statementId: statement.id,
      }),
    ],
    // It may have been escaped on the way; that it is in the text is seen.
    confidence: 'suspected',
    risk: 'loss',
    remedy: {
      summary: 'Send the value as a parameter: what is in it can then be nothing but a value.',
      steps: [
        `${value.texts} texts of \`${excerpt(statement.text)}\`${line ? ` (${line.file}:${line.line})` : ''} held, between quotes, a value of the very request that sent them.`,
        'Unless it is escaped without a gap, whoever sends a quote in it writes SQL of their own. Look at the line before anything else.',
        'A LIKE pattern is a parameter too: the % goes into the value. Names of columns cannot be one: choose them from a list.',
      ],
      code: {
        language: 'ts',
        before: "await pool.query(`SELECT … WHERE name LIKE '%${q}%'`)",
        after: "await pool.query('SELECT … WHERE name LIKE $1', [`%${q}%`])",
      },
    },
  }
}

function describeLiterals(group: Group<Statement>, statements: StatementsEvidence): Finding {
  const where = placeOfAll(group, 'literals', statements)
  const [statement, ...others] = group.toSorted((a, b) => (b.literalSets ?? 0) - (a.literalSets ?? 0)) as [
    Statement,
    ...Statement[],
  ]
  const sets = group.reduce((sum, { literalSets = 0 }) => sum + literalSets, 0)
  const fromRequest = statement.requestLiterals?.[0]
  return {
    fingerprint: fingerprintOf('prepared-statements', where),
    practice: 'prepared-statements',
    title:
      others.length === 0
        ? `One statement comes in ${countText(sets)} texts: its values are written into it`
        : `${countText(group.length)} statements come in ${countText(sets)} texts: ${statement.issuedBy ? `${statement.issuedBy} writes their values` : 'their values are written'} into them`,
    where,
    facts: [
      fact('different sets of literals', sets, 'count', 'statements', { statementId: statement.id }),
      ...(statements.overflowed > 0
        ? [fact('texts beyond what the probe keeps apart', statements.overflowed, 'count', 'statements')]
        : []),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Send the values as parameters.',
      steps: [
        `${quoted(statement, statements)}: each text is parsed and planned anew, and none can be prepared.`,
        ...alsoStep(others, statements),
        ...(statement.issuedBy === 'pg-promise'
          ? ['pg-promise fills in $1 by itself; a ParameterizedQuery or a PreparedStatement leaves that to the server.']
          : []),
        ...(fromRequest
          ? [
              `${fromRequest.parameter === '' ? 'A part of the path' : `The query parameter ${fromRequest.parameter}`} is among them, as a number: nothing but its check keeps other SQL out.`,
            ]
          : []),
        'A list of values is one parameter as well: WHERE id = ANY($1).',
      ],
      code:
        statement.issuedBy === 'pg-promise'
          ? {
              language: 'ts',
              before: "await db.any('SELECT … WHERE id = $1', [id])",
              after: "await db.any(new ParameterizedQuery({ text: 'SELECT … WHERE id = $1', values: [id] }))",
            }
          : {
              language: 'ts',
              before: 'await pool.query(`SELECT … WHERE id = ${id}`)',
              after: "await pool.query('SELECT … WHERE id = $1', [id])",
            },
    },
  }
}

function describePlanning(group: Group<Planning>, statements: StatementsEvidence): Finding {
  const [{ statement, planningMs, executionMs, callsPerSecond }, ...others] = group
  const where = placeOfAll([statement, ...others.map(one => one.statement)], 'planning', statements)
  const link = { statementId: statement.id }
  const longest = `planned for ${msText(planningMs)} each time and runs for ${msText(executionMs)}`
  return {
    fingerprint: fingerprintOf('prepared-statements', where),
    practice: 'prepared-statements',
    title:
      others.length === 0
        ? `A statement is ${longest}`
        : `${countText(group.length)} statements are planned anew each time: one is ${longest}`,
    where,
    facts: [
      fact('planning, each time', planningMs, 'ms', 'pg', link),
      fact('running, on average', executionMs, 'ms', 'pg', link),
      fact('planning, of both', planningMs / (planningMs + executionMs), 'fraction', 'pg', link),
      fact('calls', callsPerSecond, 'per-second', 'statements', link),
    ],
    confidence: 'strong',
    edit: {
      kind: 'plan',
      statements: group.map(one => ({
        statementId: one.statement.id,
        costBefore: one.planningMs + one.executionMs,
        costAfter: one.executionMs,
        medianMsBefore: one.planningMs + one.executionMs,
        medianMsAfter: one.executionMs,
      })),
    },
    remedy: {
      summary: 'Give it a name: the server then plans it once for each connection.',
      steps: [
        `${quoted(statement, statements)} spends ${percentText(planningMs / (planningMs + executionMs))} of its time on the server being planned, ${countText(Math.round(callsPerSecond))} times a second.`,
        ...alsoStep(
          others.map(one => one.statement),
          statements,
        ),
        'Its plan for any parameters costs no more than those for real ones: after five runs the server keeps it.',
        statement.issuedBy === undefined
          ? 'The name has to be one for each text; behind PgBouncer in transaction mode it takes version 1.21 and max_prepared_statements.'
          : statement.issuedBy === 'pg-promise'
            ? 'pg-promise names what comes as a PreparedStatement, and then leaves the values to the server as well.'
            : `${statement.issuedBy} names nothing by itself: a pool that does, below it, needs no change of the query.`,
      ],
      code: {
        language: 'ts',
        before: 'await pool.query(text, values)',
        after: `await pool.query({ name: 'order-details', text, values })

// or: new Pool(…) of @whetstone/runtime/data, which names every statement that comes again`,
      },
    },
  }
}

function describeNames(statement: Statement, statements: StatementsEvidence): Finding {
  const where = { ...placeOf(statement.id, statements), resource: 'statement name' }
  const errors = statement.nameErrors ?? 0
  return {
    // One pooler, one cause, however many statements it strikes.
    fingerprint: fingerprintOf('prepared-statements', { resource: 'statement name' }),
    practice: 'prepared-statements',
    title: `Named statements fail, ${countText(errors)} times: their connection is not theirs`,
    where,
    facts: [fact('refused because of the name', errors, 'count', 'statements', { statementId: statement.id })],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: 'Send no names through a pooler in transaction mode, or let it keep track of them.',
      steps: [
        `\`${excerpt(statement.text)}\` was prepared on one connection of the server and asked for on another: that is what PgBouncer does between transactions.`,
        'From version 1.21 it can follow names: max_prepared_statements = 200. Before that, leave the name out.',
        'Without a pooler: somebody runs DEALLOCATE or DISCARD ALL on connections that go on being used.',
      ],
      code: {
        language: 'ts',
        before: "await pool.query({ name: 'find-order', text, values })",
        after: 'await pool.query({ text, values }) // parameters stay; only the name goes',
      },
    },
  }
}
