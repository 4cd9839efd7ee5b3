/** Who may import whom: one rule per line of ARCHITECTURE.md, failing the build. */
const packages = ['model', 'stats', 'load', 'probe', 'catalogue', 'loop', 'runtime', 'sandbox', 'dashboard', 'cli']

/** Everything of ours outside `allowed` is forbidden to `from`. */
function only(from, allowed) {
  const others = [...packages.map(name => `packages/${name}`), 'apps', 'examples', 'bench', 'experiments'].filter(
    path => path !== from && !allowed.includes(path),
  )
  return {
    name: `${from.replace('packages/', '')}-imports-only-${allowed.map(path => path.replace('packages/', '')).join('-') || 'nothing'}`,
    severity: 'error',
    // An app or an example lies one folder deeper than a package.
    from: {
      path: `^${['apps', 'examples'].includes(from) ? `${from}/[^/]+` : from}/(src|test)/`,
      // Of the catalogue, `testing` is a chapter too.
      pathNot: '\\.test\\.ts$|(?<!catalogue/src)/testing/|/fixtures/',
    },
    to: { path: `^(${others.join('|')})/` },
  }
}

module.exports = {
  forbidden: [
    only('packages/model', []),
    only('packages/stats', []),
    only('packages/load', ['packages/model', 'packages/stats']),
    only('packages/probe', ['packages/model', 'packages/stats']),
    only('packages/catalogue', ['packages/model', 'packages/stats']),
    only('packages/runtime', []),
    only('packages/sandbox', ['packages/model']),
    only('packages/loop', [
      'packages/model',
      'packages/stats',
      'packages/load',
      'packages/catalogue',
      'packages/probe',
    ]),
    only('packages/dashboard', ['packages/model', 'packages/stats']),
    // The runtime lives in somebody's production, the tool beside it: they meet over public protocols only.
    only('packages/cli', [...packages.filter(name => name !== 'runtime').map(name => `packages/${name}`), 'apps']),
    only('apps', ['packages/runtime', 'packages/sandbox']),
    // As a stranger would: the engine, what it measures, the page and the remedies.
    only('examples', [
      'packages/model',
      'packages/stats',
      'packages/load',
      'packages/runtime',
      'packages/sandbox',
      'packages/dashboard',
    ]),
    {
      name: 'model-and-stats-do-no-io',
      severity: 'error',
      from: { path: '^packages/(model|stats)/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'probe-takes-only-types-of-model',
      severity: 'error',
      from: { path: '^packages/probe/src', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/model', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'practices-do-not-know-one-another',
      comment: 'Only the owner of a shared detector may be imported, and is named here.',
      severity: 'error',
      from: { path: '^packages/catalogue/src/([^/]+)/[^/]+\\.ts$', pathNot: '\\.test\\.ts$|src/derive/' },
      to: {
        path: '^packages/catalogue/src/(?!derive|roadmap)[^/]+/',
        pathNot: '^packages/catalogue/src/(database/missing-index|measurement/profile-before-optimise)\\.ts$',
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: {
        path: '^(packages|apps|examples)/',
        pathNot: '\\.test\\.ts$|/fixtures/|/testing/|/test/|(compiled|probe)-entry\\.ts$',
      },
      // A peer is declared too, though not as a dependency.
      to: {
        path: 'node_modules',
        dependencyTypes: ['npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/fixtures/|/recorded/|\\.cache/)' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@whetstone/source', 'types', 'import', 'node', 'default'],
    },
  },
}
