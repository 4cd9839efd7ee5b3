/** What the tools print and write, as they really do. */
import { describe, expect, it } from 'vitest'
import { readOutput } from './read-output.ts'

const wrk = `Running 10s test @ http://127.0.0.1:3000/orders/7
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.91ms    2.12ms  51.30ms   91.20%
    Req/Sec     1.65k   210.00     2.10k    80.00%
  Latency Distribution
     50%    4.42ms
     75%    5.10ms
     90%  980.00us
     99%    1.20s
  16490 requests in 10.01s, 3.10MB read
  Socket errors: connect 0, read 3, write 0, timeout 2
  Non-2xx or 3xx responses: 12
Requests/sec:   1647.35
Transfer/sec:    317.21KB
`

const wrk2 = `Running 22s test @ http://127.0.0.1:3000/
  1 threads and 50 connections
  Thread calibration: mean lat.: 0.812ms, rate sampling interval: 10ms
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.01ms    5.00ms 900.00ms   99.00%
    Req/Sec   500.00     20.00     1.10k    90.00%
  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%    0.81ms
 90.000%    1.02ms
 99.900%  886.78ms
100.000%  900.10ms

  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

       0.200     0.000000           10         1.00
       0.810     0.500000         3000         2.00
       1.020     0.900000         5400        10.00
     900.100     1.000000         6000          inf
#[Mean    =        1.010, StdDeviation   =        5.000]
#[Max     =      900.100, Total count    =         6000]
#[Buckets =           27, SubBuckets     =         2048]
----------------------------------------------------------
  11002 requests in 22.00s, 2.10MB read
Requests/sec:    500.09
Transfer/sec:     97.74KB
`

const ab = `This is ApacheBench, Version 2.3 <$Revision: 1903618 $>
Server Hostname:        127.0.0.1
Document Path:          /orders/7
Document Length:        18 bytes

Concurrency Level:      8
Time taken for tests:   5.571 seconds
Complete requests:      2000
Failed requests:        7
   (Connect: 1, Receive: 0, Length: 5, Exceptions: 1)
Non-2xx responses:      4
Keep-Alive requests:    2000
Total transferred:      372000 bytes
Requests per second:    359.00 [#/sec] (mean)

Percentage of the requests served within a certain time (ms)
  50%     17
  95%     57
 100%    130 (longest request)
`

const autocannon = JSON.stringify({
  url: 'http://127.0.0.1:3000',
  connections: 10,
  duration: 20.02,
  errors: 5,
  timeouts: 2,
  non2xx: 8,
  '2xx': 10_365,
  '4xx': 5,
  '5xx': 3,
  latency: { average: 52, p50: 52, p97_5: 700, p99: 789, max: 1_004, totalCount: 164_355 },
  requests: { average: 500, total: 10_373 },
})

const point = (metric: string, value: number, tags: object = {}, time = '2026-11-21T02:00:01.250Z') =>
  JSON.stringify({ type: 'Point', metric, data: { time, value, tags } })
const k6 = [
  JSON.stringify({ type: 'Metric', metric: 'http_req_duration', data: { type: 'trend', contains: 'time' } }),
  point('http_req_duration', 250, { method: 'GET', url: 'http://a.test/orders/7?x=1', name: 'orders', status: '200' }),
  point('http_req_duration', 12.5, { method: 'POST', url: 'http://a.test/cart', status: '503' }),
  point('http_req_duration', 0, { method: 'GET', url: 'http://a.test/x', status: '0', error_code: '1212' }),
  point('vus', 25),
  point('dropped_iterations', 3),
].join('\n')

const jtl = `timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect
1700000000000,120,"order, by id",200,OK,"Thread ""1""",text,true,,512,100,4,4,http://a.test/orders/7,110,0,2
1700000001000,80,search,500,Internal,T 1-2,text,false,"a
b",10,100,4,5,null,70,0,0
1700000001500,30,late,Non HTTP response code: java.net.SocketTimeoutException,Read timed out,T 1-2,text,false,,0,0,4,5,http://a.test/late,0,0,0
1700000000000,200,all of it,200,"Number of samples in transaction : 2, number of failing samples : 0",T 1-1,,true,,522,200,4,5,null,0,0,0
broken,line
`

const summary = JSON.stringify({
  metrics: {
    http_reqs: { count: 2_000, rate: 100 },
    http_req_duration: { avg: 12, med: 10.5, 'p(90)': 20, 'p(95)': 31.25, max: 90 },
    http_req_failed: { passes: 4, fails: 1_996, value: 0.002 },
    vus_max: { value: 50 },
  },
})

describe('the output of', () => {
  it('wrk gives counts and what it printed, and no distribution', () => {
    expect(readOutput(['', wrk])).toEqual({
      tool: 'wrk',
      requests: 16_490,
      errorsByKind: { read: 3, timeout: 2, 'http-not-2xx-or-3xx': 12 },
      durationMs: 10_010,
      users: 8,
      samples: [],
      printed: [
        { quantile: 0.5, ms: 4.42 },
        { quantile: 0.75, ms: 5.1 },
        { quantile: 0.9, ms: 0.98 },
        { quantile: 0.99, ms: 1_200 },
      ],
      hides: expect.stringContaining('waits for an answer') as string,
      notes: [],
    })
  })

  it('wrk2 gives its whole distribution, from the schedule, without what it dropped', () => {
    const reading = readOutput([wrk2])
    expect(reading).toMatchObject({
      tool: 'wrk2',
      requests: 11_002,
      notes: ['wrk2 calibrates for its first 10 s: its latencies are of 6000 of 11002 requests'],
    })
    expect(reading).not.toHaveProperty('hides')
    expect(reading?.spectrum?.count).toBe(6_000)
    expect(reading?.spectrum?.quantile(0.5)).toBe(810)
    expect(reading?.spectrum?.quantile(0.95)).toBeCloseTo(900_100, -3)
  })

  it('ab does not take answers of another length for errors', () => {
    expect(readOutput([ab])).toMatchObject({
      tool: 'ab',
      requests: 2_000,
      errorsByKind: { connect: 1, exception: 1, 'http-not-2xx': 4 },
      durationMs: 5_571,
      users: 8,
      printed: [
        { quantile: 0.5, ms: 17 },
        { quantile: 0.95, ms: 57 },
        { quantile: 1, ms: 130 },
      ],
      notes: ['ab calls 5 answers failed because their length differs; they are counted as answers'],
    })
  })

  it('autocannon is told from its correction', () => {
    expect(readOutput([`some line\n${autocannon}\n`])).toMatchObject({
      tool: 'autocannon',
      requests: 10_378,
      errorsByKind: { timeout: 2, connection: 3, 'http-5xx': 3 },
      users: 10,
      notes: [expect.stringContaining('count 164355 times for 10373 requests') as string],
    })
  })

  it('k6 gives every request, from its beginning', () => {
    const endedAtMs = Date.parse('2026-11-21T02:00:01.250Z')
    expect(readOutput([k6])).toEqual({
      tool: 'k6',
      requests: 3,
      errorsByKind: { 'http-503': 1, 'k6-1212': 1 },
      users: 25,
      samples: [
        { atMs: endedAtMs - 250, durationMs: 250, method: 'GET', target: 'http://a.test/orders/7?x=1', status: 200 },
        { atMs: endedAtMs - 12.5, durationMs: 12.5, method: 'POST', target: 'http://a.test/cart', status: 503 },
        { atMs: endedAtMs, durationMs: 0, method: 'GET', target: 'http://a.test/x', status: 0, error: 'k6-1212' },
      ],
      printed: [],
      hides: expect.stringContaining('starts late') as string,
      notes: ['k6 dropped 3 iterations that it could not start: the service was spared them'],
    })
  })

  it('k6 as a summary gives counts and what it printed', () => {
    expect(readOutput([summary])).toMatchObject({
      requests: 2_000,
      durationMs: 20_000,
      users: 50,
      errorsByKind: { 'http-not-expected': 4 },
      printed: [
        { quantile: 0.5, ms: 10.5 },
        { quantile: 0.9, ms: 20 },
        { quantile: 0.95, ms: 31.25 },
      ],
    })
  })

  it('JMeter gives every request but the sums of them', () => {
    expect(readOutput([jtl])).toMatchObject({
      tool: 'JMeter',
      requests: 3,
      users: 5,
      errorsByKind: { 'http-500': 1, SocketTimeoutException: 1 },
      samples: [
        { atMs: 1.7e12, durationMs: 120, target: 'http://a.test/orders/7', status: 200, bytes: 512 },
        { target: 'search', status: 500 },
        { target: 'http://a.test/late', status: 0, error: 'SocketTimeoutException' },
      ],
      notes: ['1 lines of the JTL file could not be read'],
    })
  })

  it.each(['', 'hello', '{}', '{"metrics":{}}', '16 requests in 1s', 'timeStamp,elapsed\n'])(
    'another tool, %j, is nothing',
    text => {
      expect(readOutput([text])).toBeUndefined()
    },
  )
})
