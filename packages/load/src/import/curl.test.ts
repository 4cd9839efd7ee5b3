/** curl commands as people and browsers write them. */
import { describe, expect, it } from 'vitest'
import { readCurl } from './curl.ts'
import type { RecordedRequest } from './imported.ts'

const read = (text: string) => readCurl({ file: 'commands.sh', text })

describe('readCurl', () => {
  it.each<[string, string, Partial<RecordedRequest>]>([
    ['the plainest', 'curl http://a.test/orders?x=1', { method: 'GET', path: '/orders?x=1', origin: 'http://a.test' }],
    ['no scheme', 'curl localhost:3000/a', { path: '/a', origin: 'http://localhost:3000' }],
    ['a method', "curl -XDELETE 'https://a.test/orders/1'", { method: 'DELETE', path: '/orders/1' }],
    [
      'what a browser copies',
      `curl 'https://a.test/api' \\\n  -H 'Accept: */*' \\\n  -H 'Content-Type: application/json' \\\n  --data-raw $'{"n":"it\\'s \\u00e9"}' --compressed`,
      {
        method: 'POST',
        headers: { accept: '*/*', 'content-type': 'application/json', 'accept-encoding': 'deflate, gzip, br' },
        body: '{"n":"it\'s é"}',
      },
    ],
    [
      'several -d',
      'curl -d a=1 -d "b=2" http://a.test/f',
      { method: 'POST', body: 'a=1&b=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      '-G',
      'curl -G --data-urlencode "q=a b&c" -d n=1 http://a.test/s?x',
      { method: 'GET', path: '/s?x&q=a%20b%26c&n=1' },
    ],
    [
      '--json',
      `curl --json '{"a":1}' http://a.test/j`,
      { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json', accept: 'application/json' } },
    ],
    ['-u', 'curl -u ada:x http://a.test', { headers: { authorization: 'Basic YWRhOng=' } }],
    ['-b', 'curl -b "s=1; t=2" http://a.test', { headers: { cookie: 's=1; t=2' } }],
    ['-I', 'curl -sSI http://a.test/', { method: 'HEAD' }],
    ['--data-binary keeps line breaks', "curl --data-binary 'a\nb' http://a.test", { body: 'a\nb' }],
    ['-d does not', "curl -d 'a\nb' http://a.test", { body: 'ab' }],
    ['a base from the environment', 'curl "$BASE_URL/orders/7"', { path: '/orders/7' }],
    ['options that change nothing', 'curl -sSLk -m 5 -o /dev/null -w "%{http_code}" http://a.test/z', { path: '/z' }],
    ['an address in brackets', 'curl http://[::1]:3000/a', { origin: 'http://[::1]:3000' }],
    ['output that goes elsewhere', 'curl http://a.test/a > out.json 2>/dev/null', { path: '/a' }],
  ])('reads %s', (_name, text, expected) => {
    const { requests, problems } = read(text)
    expect(problems).toEqual([])
    expect(requests).toEqual([expect.objectContaining(expected)])
  })

  it('reads a script: comments, pipes, other commands, and several requests of one command', () => {
    const { requests, unreadable } = read(`#!/bin/sh
# curl http://a.test/comment
export TOKEN=x; echo curl
curl http://a.test/1 | jq . && curl http://a.test/2 http://a.test/3
curl http://a.test/4 --next -d x=1 http://a.test/5`)
    expect(unreadable).toBe(0)
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /1',
      'GET /2',
      'GET /3',
      'GET /4',
      'POST /5',
    ])
  })

  it.each<[string, string, string]>([
    ['no URL', 'curl -s', 'no URL'],
    ['a file as body', 'curl -d @body.json http://a.test', 'the body is read from the file body.json'],
    ['a multipart form', 'curl -F a=b http://a.test', 'a multipart form (-F) is not read'],
    ['an option it does not know', 'curl --frobnicate http://a.test', 'unknown option --frobnicate'],
    ['an option at the end', 'curl http://a.test -H', '-H has no value'],
    ['a pattern', 'curl http://a.test/[1-9]', 'a pattern of several URLs: http://a.test/[1-9]'],
    ['another protocol', 'curl ftp://a.test/x', 'not http: ftp://a.test/x'],
    ['a header without a name', "curl -H 'secret' http://a.test", 'not a header: "secret"'],
  ])('tells the line of %s', (_name, text, why) => {
    expect(read(`\n${text}\ncurl http://a.test/ok`)).toMatchObject({
      requests: [{ path: '/ok' }],
      problems: [{ file: 'commands.sh', line: 2, why }],
      unreadable: 1,
    })
  })

  it('tells of a text that holds no command', () => {
    expect(read('wget x').problems).toEqual([{ file: 'commands.sh', why: 'no curl command' }])
  })
})
