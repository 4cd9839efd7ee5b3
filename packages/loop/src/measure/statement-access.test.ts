import { normaliseStatement } from '@whetstone/probe/statement-text'
import { beforeAll, describe, expect, it } from 'vitest'
import { statementAccess } from './statement-access.ts'
import { loadStatementParser } from './statement-shape.ts'

beforeAll(loadStatementParser)

const accessOf = (text: string) => statementAccess(text, normaliseStatement(text))
/** `operator side {constants of the side} | predicate {its constants}`. */
const termsOf = (text: string) =>
  accessOf(text)?.terms.map(
    ({ operator, column, expression, expressionParameters, predicate, predicateParameters, alternative }) =>
      `${operator} ${expression ?? column}` +
      (expressionParameters.length > 0 ? ` {${expressionParameters.join()}}` : '') +
      (predicate === undefined ? '' : ` | ${predicate} {${predicateParameters.join()}}`) +
      (alternative === undefined ? '' : ` or${alternative}`),
  )

describe('how a statement finds its rows', () => {
  it.each([
    ['select id from t where a = $1', ['equal a']],
    ["select id from t where status = 'open' and a = $1", ["equal status | status = 'open' {1}", 'equal a']],
    ['select id from t where lower(email) = $1', ['equal lower(email)']],
    ["select id from t where payload->>'k' = $1", ["equal payload ->> 'k' {1}"]],
    ['select id from t where payload->>$1 = $2', []],
    ["select id from t where (payload->>'age')::int > $1", ["range (payload ->> 'age')::int4 {1}"]],
    ["select id from t where date_trunc('day', at) = $1", ["equal date_trunc('day', at) {1}"]],
    ["select id from t where at at time zone 'UTC' >= $1", ["range (at AT TIME ZONE 'UTC') {1}"]],
    [
      'select id from t where deleted_at is null and a = 1',
      ['null deleted_at | deleted_at IS NULL {}', 'equal a | a = 1 {1}'],
    ],
    ['select id from t where b is not null', ['not-null b | b IS NOT NULL {}']],
    ['select id from t where done', ['flag done | done {}']],
    ['select id from t where not done', ['flag done | NOT done {}']],
    ["select id from t where status <> 'done'", ["other status | status <> 'done' {1}"]],
    ["select id from t where status in ('a', 'b')", ["in status | status IN ('a', 'b') {1}"]],
    ['select id from t where id = any($1)', ['in id']],
    ["select id from t where 'x' = any(tags)", []],
    ['select id from t where 5 < a', ['range a | 5 < a {1}']],
    ['select id from t where tags @> $1', ['contains tags']],
    ['select id from t where tags && $1', ['overlaps tags']],
    ["select id from t where payload ? 'k'", ["has-key payload | payload ? 'k' {1}"]],
    [
      "select id from t where to_tsvector('english', body) @@ to_tsquery($1)",
      ["matches to_tsvector('english', body) {1}"],
    ],
    ["select id from t where name ilike '%x%'", ["ilike name | name ~~* '%x%' {1}"]],
    ['select id from t where a = $1 or b = $2', ['equal a or1', 'equal b or1']],
    ['select id from t where a = $1 or a = $2', ['in a']],
    ['select id from t where a = $1 or (b = $2 and c = $3)', []],
    ['select id from t where at > now()', ['range at']],
    ['select id from t join u on lower(t.mail) = lower(u.mail)', ['equal lower(mail)', 'equal lower(mail)']],
    ['update t set a = 1 where lower(email) = $1', ['equal lower(email)']],
    ['insert into t (a) values ($1)', undefined],
  ])('%s', (text, terms) => {
    expect(termsOf(text)).toEqual(terms)
  })

  it('tells the order with its directions, expressions and nulls', () => {
    expect(
      accessOf('select a, b as c from t order by a desc, lower(b), c desc nulls last, 1 nulls last')?.order,
    ).toEqual([
      { table: 't', column: 'a', descending: true },
      { table: 't', column: 'b', expression: 'lower(b)', descending: false },
      { table: 't', column: 'b', descending: true, nulls: 'last' },
      { table: 't', column: 'a', descending: false },
    ])
    expect(accessOf('select count(*) as n, a from t group by a order by n desc')?.order).toEqual([])
  })

  it('tells what is read, unless a star or a subquery hides it', () => {
    expect(accessOf('select a, sum(b) from t where c = 1 group by a')?.reads?.map(({ column }) => column)).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(accessOf('select * from t where c = 1')?.reads).toBeUndefined()
    expect(accessOf('select a from t where c in (select d from u)')?.reads).toBeUndefined()
  })
})
