import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainRead } from './statement-kind.ts'

describe('a statement that may run on a replica', () => {
  it.each([
    'select 1',
    'SELECT * FROM item WHERE id = $1;',
    'select count(*), max(price), coalesce(sum(x), 0)::numeric(10,2) from item',
    "with recent as (select * from item where at > now() - interval '1 day') select * from recent",
    "select 'insert into t; update nextval(1)' as text -- for update\nfrom item",
    'select "for", "update" from "select" /* nextval(\'x\') /* nested */ still a comment */ where a in (1, 2)',
    "select e'it\\'s; ' || $tag$ delete; $other$ $tag$ from item",
    'select substring(name from 1 for 3), extract(year from at) from item',
    'select id, row_number() over (partition by kind order by id) from item where exists (select 1 from other)',
    "select pg_catalog.lower(name) from item where tags @> array['a'] and data->>'x' = 'y'",
    'select cast(a as varchar(10)), b::timestamp(3) from (values (1, 2)) as v',
  ])('%s', text => {
    expect(isPlainRead(text)).toBe(true)
  })

  it.each([
    '',
    'insert into t values (1)',
    'select 1; delete from t',
    'select * from t for update',
    'select * from t for no key update',
    'select * from t FOR /* quietly */ SHARE skip locked',
    'select * into copy from t',
    'with gone as (delete from t returning *) select * from gone',
    "select nextval('s')",
    'select my_function(1)',
    'select public.lower(name) from t',
    'select "lower"(name) from t',
    'select pg_advisory_lock(1)',
    "select set_config('a', 'b', false)",
    'select pg_sleep(1)',
    'select random()',
    "select nextval /* x */ ('s')",
    'begin',
    'explain analyze delete from t',
    'table t',
    'show search_path',
    "select 'unterminated",
    'select $tag$ unterminated',
    'select * from t where a = `b`',
    '/* select 1 */ update t set a = 1',
    'copy t to stdout',
  ])('is not %j', text => {
    expect(isPlainRead(text)).toBe(false)
  })

  it('is none that has a dangerous part outside of quotes and comments, wherever it stands', () => {
    const harmless = fc.constantFrom(
      ' a ',
      ' , ',
      " 'text' ",
      ' "name" ',
      ' $1 ',
      ' /* c */ ',
      ' -- c\n',
      ' $$ x $$ ',
      " e'\\'' ",
    )
    const dangerous = fc.constantFrom(
      '; drop table t',
      ' for update',
      ' into x ',
      ' f(1) ',
      ' delete ',
      " nextval('s') ",
    )
    const parts = fc.array(harmless)
    fc.assert(
      fc.property(parts, dangerous, parts, (before, bad, after) => {
        return !isPlainRead(`select ${before.join('')}${bad}${after.join('')}`)
      }),
    )
  })

  it('is not looked for in a text of absurd length', () => {
    expect(isPlainRead(`select ${'1, '.repeat(10_000)} 1`)).toBe(false)
  })
})
