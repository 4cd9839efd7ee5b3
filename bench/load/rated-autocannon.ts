/** autocannon at a rate, with its default correction: `rated-autocannon.ts <port> <rate> <connections> <seconds>`. */
import autocannon from 'autocannon'

const [port, overallRate, connections, duration] = process.argv.slice(2).map(Number) as [number, number, number, number]
const { latency } = await autocannon({ url: `http://127.0.0.1:${port}/`, connections, duration, overallRate })
process.send!(latency, undefined, undefined, () => process.exit(0))
