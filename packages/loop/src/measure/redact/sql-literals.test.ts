import { describe, expect, it } from 'vitest'
import { withoutLiterals } from './sql-literals.ts'

describe('SQL without literals', () => {
  it.each([
    ["mail = 'ann' and n = 5", 'mail = ? and n = ?'],
    ["name = 'O''Brien' or name = E'a\\'b'", 'name = ? or name = ?'],
    ['price > -1.5e3 and t1.c2 = $1', 'price > -? and t1.c2 = $1'],
    ["id = any ('{1,2,3}'::integer[])", 'id = any (?::integer[])'],
    ['select $$it is mine$$, $x$ann$x$', 'select ?, ?'],
    ['select "order", "Ann Smith" from "T"', 'select "order", "?" from "T"'],
    ["select 1 /* for ann */ -- 'ann'", 'select ?'],
    ["select 1 where a = 'cut off", '?'],
    ['select $$cut off', '?'],
    ["Ann O'Brien owes 5", '?'],
    ['ann17@example.org', '?'],
    ["b = B'101' and u = U&'ann'", 'b = ? and u = ?'],
    ["path = 'C:\\' and name = 'ann'", '?'],
    ['where mail = ann@example.org', '?'],
    ['a @> b and c <@ d', 'a @> b and c <@ d'],
  ])('%s', (sql, expected) => {
    expect(withoutLiterals(sql)).toBe(expected)
  })
})
