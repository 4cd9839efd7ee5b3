/** Sections 11.2 and 65.4 (GIN): inside of texts, arrays and documents. */
import type { IndexCase } from '../case.ts'

export const inverted: readonly IndexCase[] = [
  {
    name: 'a word inside of a name',
    statements: [{ text: 'select id, name from products where name ilike $1', sets: [['%8f14%'], ['%6512b%']] }],
    wants: [['products using gin (name gin_trgm_ops)']],
  },
  {
    name: 'a word inside of a lowered name',
    statements: [{ text: 'select id, name from products where lower(name) like $1', sets: [['%8f14%'], ['%6512b%']] }],
    wants: [['products using gin (lower(name) gin_trgm_ops)']],
  },
  {
    name: 'a word inside of a text, written into the statement',
    statements: [{ text: "select id from documents where body like '%8f14e%'" }],
    wants: [['documents using gin (body gin_trgm_ops)']],
  },
  {
    name: 'all of these tags',
    statements: [{ text: 'select id from products where tags @> $1', sets: [['{t7}'], ['{t899,u5}']] }],
    wants: [['products using gin (tags)']],
  },
  {
    name: 'any of these tags',
    statements: [{ text: 'select id from products where tags && $1', sets: [['{t7,t8}'], ['{u5}']] }],
    wants: [['products using gin (tags)']],
  },
  {
    name: 'a document that holds this',
    statements: [
      {
        text: 'select id from products where attributes @> $1',
        sets: [['{"colour": "v7"}'], ['{"colour": "v399", "size": 12}']],
      },
    ],
    wants: [['products using gin (attributes jsonb_path_ops)', 'products using gin (attributes)']],
  },
  {
    name: 'a document with this key',
    statements: [{ text: "select id from products where attributes ? 'recall'" }],
    wants: [['products using gin (attributes)']],
  },
  {
    name: 'words of a text',
    statements: [
      {
        text: "select id, title from documents where to_tsvector('english', body) @@ plainto_tsquery('english', $1)",
        sets: [['8f14e45'], ['c20ad4d']],
      },
    ],
    wants: [["documents using gin (to_tsvector('english', body))"]],
  },
]
