/** Recordings in every format, odd in their values or wrong in their shape. */
import fc from 'fast-check'
import type { ImportFormat } from '../format.ts'

/** Pieces that formats are made of: at random letters alone no parser gets beyond its first line. */
const words = fc.constantFrom(
  ...[
    'curl',
    '-H',
    '--data',
    '-X',
    '--json',
    '-G',
    '--next',
    "'",
    '"',
    '\\\n',
    "$'",
    '@',
    '$URL',
    '{{',
    '}}',
    '{id}',
    '%',
    '%2',
    '[',
    ']',
    ':',
    '?',
    '&',
    '=',
    '#',
    '/',
    '//',
    '\\u00',
    '\ud800',
  ],
  ...[
    'http://a.test',
    'https://a.test:443/a/1?b=c',
    'ws://x',
    'GET',
    'POST /x',
    'Authorization: Bearer abcdefgh',
    'application/json',
    'Cookie: a=b',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '1.1.1.1 - - [21/Nov/2026:02:00:00 +0000] "GET /a/1 HTTP/1.1" 200 5',
    '{"method":"GET","url":"/a"}',
    '\n',
    ' ',
    '\t',
    '*a',
    '&a',
    '- ',
    '? ',
    '<<: ',
    '!!js/x',
    '%%',
    '|',
    '>',
  ],
)
const pieces = fc
  .array(
    fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) }),
    { maxLength: 12 },
  )
  .map(parts => parts.join(''))

const scalar = fc.oneof(words, fc.string({ maxLength: 12 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null))

/** JSON whose fields have the names of the format and mostly values of another shape than they should. */
function shaped(names: readonly string[]): fc.Arbitrary<unknown> {
  return fc.letrec<{ readonly value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 5, depthIdentifier: 'json' },
      scalar,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 5 }),
    ),
  })).value
}

const harNames = [
  'log',
  'entries',
  'request',
  'method',
  'url',
  'headers',
  'name',
  'value',
  'postData',
  'text',
  'params',
  'startedDateTime',
  'time',
  'pageref',
  'response',
  'content',
  'mimeType',
  '_resourceType',
  '__proto__',
]
const openapiNames = [
  'openapi',
  'paths',
  '/a',
  '/a/{id}',
  'get',
  'post',
  'parameters',
  'name',
  'in',
  'required',
  'schema',
  'type',
  'enum',
  'example',
  'examples',
  'default',
  'minimum',
  'maximum',
  'items',
  'requestBody',
  'content',
  'application/json',
  '$ref',
  'servers',
  'url',
  'variables',
  'info',
  'title',
  '__proto__',
]
const postmanNames = [
  'info',
  'item',
  'name',
  'request',
  'method',
  'url',
  'raw',
  'host',
  'path',
  'query',
  'variable',
  'key',
  'value',
  'header',
  'body',
  'mode',
  'urlencoded',
  'graphql',
  'options',
  'auth',
  'type',
  'bearer',
  'basic',
  'apikey',
  'disabled',
  '__proto__',
]
const otlpNames = [
  'resourceSpans',
  'resource',
  'attributes',
  'scopeSpans',
  'spans',
  'traceId',
  'spanId',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'key',
  'value',
  'stringValue',
  'intValue',
  'arrayValue',
  'values',
  'status',
  'code',
  '__proto__',
]

const json = (names: readonly string[], frame: (value: unknown, other: unknown) => unknown) =>
  fc.tuple(shaped(names), shaped(names)).map(([value, other]) => JSON.stringify(frame(value, other)))

/** Whatever it is, it is one word of a shell. */
const quotedWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const path = pieces.map(text => text.replace(/[\s"\\]/g, '-'))
const field = fc.tuple(
  fc.constantFrom('accept', 'x-note', 'authorization', 'content-type', 'a', 'password', 'id', 'é'),
  pieces,
)
const server = {
  traceId: '01',
  spanId: '02',
  kind: 2,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000250000000',
}

/** Recordings as they should be but for the values in them. */
const likely = {
  curl: fc
    .tuple(
      path,
      fc.array(
        fc.oneof(
          field.map(([name, value]) => `-H ${quotedWord(`${name}: ${value}`)}`),
          field.map(([name, value]) => `--data-urlencode ${quotedWord(`${name}=${value}`)}`),
          pieces.map(text => `--json ${quotedWord(text)}`),
          pieces.map(text => `-d ${quotedWord(text)}`),
        ),
        { maxLength: 4 },
      ),
    )
    .map(([target, options]) => `curl -g ${quotedWord(`http://a.test/${target}`)} ${options.join(' ')}`),
  'access-log': fc
    .array(path, { minLength: 1, maxLength: 20 })
    .map(paths =>
      paths
        .map(
          (target, index) =>
            `1.1.1.1 - - [21/Nov/2026:02:00:${10 + index} +0000] "GET /${index % 2}/${target} HTTP/1.1" 200 5`,
        )
        .join('\n'),
    ),
  har: fc
    .array(fc.tuple(path, fc.array(field, { maxLength: 3 }), pieces, fc.integer({ min: -1e6, max: 1e6 })), {
      maxLength: 4,
    })
    .map(visits => ({
      log: {
        entries: visits.map(([target, headers, text, ms]) => ({
          startedDateTime: new Date(1.7e12 + ms).toISOString(),
          time: ms,
          request: {
            method: 'POST',
            url: `http://a.test/${target}`,
            headers: headers.map(([name, value]) => ({ name, value })),
            postData: { text },
          },
        })),
      },
    }))
    .map(value => JSON.stringify(value)),
  openapi: fc
    .tuple(
      fc.array(fc.tuple(field, fc.constantFrom('query', 'header'), shaped(['a', 'b'])), { maxLength: 3 }),
      pieces,
      shaped(['a', 'password', '__proto__']),
    )
    .map(([parameters, id, example]) => ({
      openapi: '3.0.0',
      paths: {
        '/a/{id}': {
          parameters: [{ name: 'id', in: 'path', example: id }],
          get: {
            parameters: parameters.map(([[name, value], place, examples]) => ({
              name,
              in: place,
              required: true,
              example: value,
              schema: { enum: examples },
            })),
          },
          post: { requestBody: { content: { 'application/json': { example } } } },
        },
      },
    }))
    .map(value => JSON.stringify(value)),
  postman: fc
    .tuple(path, fc.array(field, { maxLength: 3 }), pieces, pieces)
    .map(([target, fields, raw, value]) => ({
      info: {},
      variable: [{ key: 'id', value }],
      item: [
        {
          name: raw,
          request: {
            url: `{{base}}/${target}/{{id}}/:a`,
            header: fields.map(([key, text]) => ({ key, value: text })),
            body: { mode: 'raw', raw },
          },
        },
        {
          item: [
            {
              request: {
                method: 'PUT',
                url: 'http://a.test',
                body: { mode: 'urlencoded', urlencoded: fields.map(([key, text]) => ({ key, value: text })) },
              },
            },
          ],
        },
      ],
    }))
    .map(value => JSON.stringify(value)),
  otlp: fc
    .array(fc.tuple(path, pieces, path), { maxLength: 5 })
    .map(requests => ({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: requests.map(([target, query, route]) => ({
                ...server,
                attributes: Object.entries({
                  'http.request.method': 'GET',
                  'url.path': `/${target}`,
                  'url.query': query,
                  'http.route': route,
                }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
              })),
            },
          ],
        },
      ],
    }))
    .map(value => JSON.stringify(value)),
} satisfies Readonly<Record<ImportFormat, fc.Arbitrary<string>>>

/** Recordings that are wrong in their shape. */
const unlikely: Readonly<Record<ImportFormat, fc.Arbitrary<string>>> = {
  curl: fc.oneof(
    pieces,
    pieces.map(text => `curl ${text}`),
  ),
  'access-log': fc.oneof(
    pieces,
    json(['method', 'url', 'status', 'time', 'req', 'request'], value => value),
  ),
  har: fc.oneof(
    pieces,
    json(harNames, (value, other) => ({
      log: { entries: [value, { request: { method: 'GET', url: 'http://a.test/1', headers: other } }] },
    })),
  ),
  openapi: fc.oneof(
    pieces,
    pieces.map(text => `openapi: 3.0.0\npaths:\n  /a/{id}:\n    get:\n      ${text}`),
    json(openapiNames, (value, other) => ({ openapi: '3.1.0', paths: { '/a/{id}': { get: value }, '/b': other } })),
  ),
  postman: fc.oneof(
    pieces,
    json(postmanNames, (value, other) => ({
      info: {},
      variable: other,
      item: [
        { request: value },
        { item: [value], auth: other },
        { request: { url: '{{base}}/a/{{id}}', auth: other, body: value } },
      ],
    })),
  ),
  otlp: fc.oneof(
    pieces,
    json(otlpNames, (value, other) => ({
      resourceSpans: [{ resource: other, scopeSpans: [{ spans: [value, { ...server, attributes: other }] }] }],
    })),
  ),
}

export const formats = Object.keys(unlikely) as ImportFormat[]
export const recordings = (format: ImportFormat) => fc.oneof(likely[format], unlikely[format])
