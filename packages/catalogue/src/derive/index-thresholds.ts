/** When an index is worth proposing: one set of figures for all who ask whether one is missing. */
export const indexThresholds = {
  rows: { value: 500, unit: 'rows', source: 'PgHero: no index is suggested for smaller tables' },
  cost: { value: 100, unit: 'cost', source: 'dexter --min-cost' },
  fall: { value: 0.5, unit: 'fraction', source: 'dexter --min-cost-savings-pct 50' },
  fallBesideIndex: {
    value: 0.8,
    unit: 'fraction',
    source: 'where no table is read in full an index works already, and a second one must return four fifths',
  },
  savesMsBesideIndex: {
    value: 0.5,
    unit: 'ms',
    source: 'nor is a second one worth half a millisecond a call: what the request takes besides is more',
  },
  foreignKeyRows: { value: 10_000, unit: 'rows', source: 'PgHero, least rows of a table with missing indexes' },
  timeFraction: {
    value: 0.01,
    unit: 'fraction',
    source: 'below one per cent of the database time an index costs its writes more than it returns',
  },
  keptFraction: {
    value: 0.2,
    unit: 'fraction',
    source: 'a condition that keeps a fifth of the rows touches nearly every page',
  },
} as const
