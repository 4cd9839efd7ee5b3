/** The planted faults, one switch each: `SHOP_FIXES=n-plus-one,pool-size` turns those off, `SHOP_FIXES=all` is the fixed shop. */
export const faults = [
  { id: 'n-plus-one', kind: 'code', title: 'Orders load their items one order at a time' },
  { id: 'missing-index', kind: 'schema', title: 'Reviews are looked up by product without an index' },
  { id: 'keyset-pagination', kind: 'code', title: 'The product list skips rows with OFFSET' },
  { id: 'select-needed-columns', kind: 'code', title: 'The category page reads the long product description' },
  { id: 'duplicate-queries', kind: 'code', title: 'The account page loads the same customer three times' },
  { id: 'limit-result-sets', kind: 'code', title: 'The activity feed reads everything and keeps twenty rows' },
  { id: 'connection-pooling', kind: 'code', title: 'The stock check opens a connection of its own' },
  { id: 'sync-io', kind: 'code', title: 'Invoices are signed with a blocking key derivation' },
  { id: 'response-compression', kind: 'code', title: 'The catalogue is sent uncompressed' },
  { id: 'pool-size', kind: 'code', title: 'The connection pool holds one connection' },
] as const

export type FaultId = (typeof faults)[number]['id']

/** The faults that have been remedied. */
export type Fixes = ReadonlySet<FaultId>

/** @throws RangeError naming the id that is not a fault of the shop */
export function parseFixes(text: string | undefined): Fixes {
  if (!text) return new Set()
  if (text === 'all') return new Set(faults.map(fault => fault.id))
  return new Set(
    text.split(',').map(name => {
      const fault = faults.find(candidate => candidate.id === name.trim())
      if (!fault) throw new RangeError(`'${name}' is no fault of the shop; known: ${faults.map(f => f.id).join(', ')}`)
      return fault.id
    }),
  )
}
