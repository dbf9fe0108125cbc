/** Proves the harness alone: seeds a large account, downloads it and prints what it took. */
import { LARGE, seedAccount } from './seed.ts'
import { startPds } from './client.ts'

const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const from = performance.now()
  const result = await work()
  console.log(`${name}: ${Math.round(performance.now() - from)} ms`)
  return result
}

const pds = await timed('start', startPds)
try {
  const account = await timed('seed', () => seedAccount(pds, 'ada.test', LARGE))
  const car = async (): Promise<number> => {
    const response = await fetch(`${pds.url}/xrpc/com.atproto.sync.getRepo?did=${account.did}`)
    return (await response.arrayBuffer()).byteLength
  }
  const bytes = await timed('getRepo', car)
  const { collections } = await pds.call('describeRepo', account)
  let records = 0
  for (const collection of collections)
    records += (await pds.call('listRecords', { ...account, collection })).length
  const blobs = await pds.call('listBlobs', account)
  console.log({ bytes, records, collections: collections.length, blobs: blobs.length })
  await pds.faults({ match: 'getRepo', kind: 'cut', after: 50_000, times: 1 })
  console.log('cut:', await car().catch((error: unknown) => String(error)))
  console.log('healed:', await car())
  console.log(await pds.call('requests', { match: 'getRepo' }))
} finally {
  await pds.stop()
}
