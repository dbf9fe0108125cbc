import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { documentOf, makeKey, startLog } from '../../src/pds/testing/plc-maker.ts'
import { generateRepo } from '../../src/repo/testing/generate.ts'
import { signRepo } from '../../src/repo/testing/repo.ts'
import { CACHE } from './data.ts'

/** Raise when what is made here changes. */
const EDITION = 1
/** Long before the first record, so that the key in the log has signed all of them. */
const OPENED = Date.UTC(2022, 0, 1)
/** Nobody answers there. */
const NO_PDS = 'http://127.0.0.1:9'

/** A repo whose author a peer can prove: its DID has a PLC log, as real accounts have. */
export interface Account {
  readonly did: string
  readonly file: string
  readonly records: number
  readonly bytes: number
  readonly document: unknown
  /** what the PLC directory answers at `/log/audit` */
  readonly plcLog: readonly unknown[]
}

/** Made once and kept, like the other data. The CAR is in preorder, which is how nodes hand it out. */
export async function account(records: number): Promise<Account> {
  const name = `${records}-account-${EDITION}`
  const meta = join(CACHE, `${name}.json`)
  // written by this function
  if (existsSync(meta)) return JSON.parse(readFileSync(meta, 'utf8')) as Account
  mkdirSync(CACHE, { recursive: true })
  const made = generateRepo({ seed: `bench-${records}`, records })
  const rotation = await makeKey('p256')
  const handle = `bench-${records}.test`
  // only the did:key of a signing key goes into a log
  const signing = { ...rotation, didKey: made.key.didKey }
  const log = await startLog({ rotationKeys: [rotation], signing, handle, pds: NO_PDS }, rotation, OPENED)
  const repo = signRepo({ ...made, did: log.did, handle })
  const file = join(CACHE, `${name}.car`)
  let bytes = 0
  const counted = function* (): Generator<Uint8Array> {
    for (const chunk of repo.car('preorder')) {
      bytes += chunk.length
      yield chunk
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(`${file}.part`))
  renameSync(`${file}.part`, file)
  const [genesis] = log.entries
  if (genesis === undefined) throw new Error('a log has a genesis')
  const account: Account = {
    did: log.did,
    file,
    records,
    bytes,
    document: documentOf(log.did, genesis.operation),
    plcLog: log.entries,
  }
  writeFileSync(meta, JSON.stringify(account, null, 2))
  return account
}

export interface PlcServer {
  readonly origin: string
  close(): Promise<void>
}

/** A PLC directory that knows these accounts, for pages of any origin. */
export async function servePlc(accounts: readonly Account[]): Promise<PlcServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const [did, part] = path.slice(1).split('/')
    const found = accounts.find((it) => it.did === did)
    const body =
      found === undefined ? { message: 'DID not registered' } : part === 'log' ? found.plcLog : found.document
    response
      .writeHead(found === undefined ? 404 : 200, {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
      })
      .end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
