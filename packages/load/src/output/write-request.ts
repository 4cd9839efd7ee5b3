/** Series as bytes of Prometheus remote write 1.0: protobuf in snappy's block format (prometheus.io/docs/specs/prw/remote_write_spec). */
import protobuf from 'protobufjs'
import { compress } from 'snappyjs'

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timestampMs: number
}

/** Field numbers are those of prompb; the fields that are not written are left out. */
const writeRequest = protobuf.Root.fromJSON({
  nested: {
    WriteRequest: { fields: { timeseries: { rule: 'repeated', type: 'TimeSeries', id: 1 } } },
    TimeSeries: {
      fields: {
        labels: { rule: 'repeated', type: 'Label', id: 1 },
        samples: { rule: 'repeated', type: 'Sample', id: 2 },
      },
    },
    Label: { fields: { name: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
    Sample: { fields: { value: { type: 'double', id: 1 }, timestamp: { type: 'int64', id: 2 } } },
  },
}).lookupType('WriteRequest')

export function writeRequestBytes(series: readonly Series[]): Uint8Array<ArrayBuffer> {
  const timeseries = series.map(({ name, labels, value, timestampMs }) => ({
    labels: sortedLabels({ __name__: name, ...labels }),
    samples: [{ value, timestamp: timestampMs }],
  }))
  return compress(writeRequest.encode({ timeseries }).finish())
}

/** By name, as the protocol demands; an empty label is no label. */
function sortedLabels(labels: Readonly<Record<string, string>>): { readonly name: string; readonly value: string }[] {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
