import { readFileSync } from 'node:fs'
import { verifyRepoCar } from '@atproto/repo'

/** A rival's share that needs Node: `node verify-repo-car.ts FILE DID DID-KEY` prints its milliseconds. */
const [file = '', did, key] = process.argv.slice(2)
const bytes = readFileSync(file)
const started = performance.now()
const { creates } = await verifyRepoCar(bytes, did, key)
const ms = performance.now() - started
console.log(
  JSON.stringify({
    ms,
    records: creates.length,
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
)
