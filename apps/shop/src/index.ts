/** The slow shop for the demo, the experiments and the tests: schema, server, faults, workload. */
export { faults, parseFixes, type FaultId, type Fixes } from './faults.ts'
export { createShop, migrate, sizes, totalRows } from './schema.ts'
export { createServer } from './server.ts'
export { shopWorkload } from './workload.ts'
