/** All cases, by the section of PostgreSQL's chapter on indexes that answers them. */
import type { IndexCase } from '../case.ts'
import { expressions } from './expressions.ts'
import { inverted } from './inverted.ts'
import { joins } from './joins.ts'
import { multicolumn } from './multicolumn.ts'
import { none } from './none.ts'
import { order } from './order.ts'
import { partial } from './partial.ts'
import { single } from './single.ts'
import { workloads } from './workloads.ts'

export const cases: readonly IndexCase[] = [
  ...single,
  ...multicolumn,
  ...order,
  ...partial,
  ...expressions,
  ...inverted,
  ...joins,
  ...workloads,
  ...none,
]
