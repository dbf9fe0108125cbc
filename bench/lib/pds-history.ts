import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { toJson } from '../../src/repo/json.ts'
import { generateRepo, tidAfter } from '../../src/repo/testing/generate.ts'
import { createPrng, type Prng } from '../../src/repo/testing/prng.ts'
import type { TestRecord } from '../../src/repo/testing/repo.ts'
import { CACHE } from './data.ts'

/** What happened to an account on a real PDS, step by step, and what that PDS answered. */
export interface PdsHistory {
  readonly did: string
  readonly records: number
  readonly document: unknown
  /** what the PLC directory answered at `/log/audit` */
  readonly plcLog: readonly unknown[]
  readonly steps: readonly PdsStep[]
}

export type Spread = 'random' | 'append'

export interface PdsStep {
  readonly spread: Spread
  readonly changes: number
  /** `getRepo` before it, and what `getRepo` with `since` answered after it; file names in the cache */
  readonly before: string
  readonly since: string
  readonly sinceBytes: number
}

/** Raise when what is made here changes. */
const EDITION = 1
const COUNTS = [1, 100, 1000, 10_000]
/** Operations that a PDS takes at once. */
const WRITES = 200
/** Of changes at random: so many are updates and deletions, the rest new records between the others. */
const UPDATES = 0.6
const DELETES = 0.2

/** Generated for each that is kept. */
const SPARE = 1.25

const E2E = join(import.meta.dirname, '..', '..', 'e2e')

/** Whether the packages of the end-to-end tests, the real PDS among them, are installed. */
const hasPds = (): boolean => existsSync(join(E2E, 'node_modules', '@atproto', 'pds'))

const nameOf = (records: number): string => `${records}-pds-${EDITION}`

/** One that was made before. */
export function keptHistory(records: number): PdsHistory | undefined {
  const meta = join(CACHE, `${nameOf(records)}.json`)
  // written by `pdsHistory`
  return existsSync(meta) ? (JSON.parse(readFileSync(meta, 'utf8')) as PdsHistory) : undefined
}

/**
 * An account with so many records on a real PDS, changed in steps, made once and kept. Undefined when it was never
 * made and there is no PDS to make it with. The records are imported at once, as those of an account that moved.
 */
export async function pdsHistory(
  records: number,
  log: (line: string) => void,
): Promise<PdsHistory | undefined> {
  const kept = keptHistory(records)
  if (kept !== undefined || !hasPds()) return kept
  const name = nameOf(records)
  mkdirSync(CACHE, { recursive: true })
  const made = generateRepo({
    seed: `bench-${records}`,
    records: Math.ceil(records * SPARE),
    order: 'preorder',
  })
  const plain = made.records.filter(({ bytes }) => !namesBlob(bytes)).slice(0, records)
  if (plain.length < records) throw new RangeError(`only ${plain.length} records name no blob`)
  // the end-to-end tests' own way to start one
  const client = (await import(pathToFileURL(join(E2E, 'pds', 'client.ts')).href)) as PdsModule
  const pds = await client.startPds()
  try {
    const account = await createAccount(pds.url)
    // The server may have let go of the connection meanwhile; this gives it the time to be noticed.
    await setTimeout(500)
    const xrpc = xrpcOf(pds.url, account.accessJwt)
    const write = async (writes: readonly object[]): Promise<void> => {
      for (let at = 0; at < writes.length; at += WRITES)
        await xrpc('com.atproto.repo.applyWrites', {
          repo: account.did,
          validate: false,
          writes: writes.slice(at, at + WRITES),
        })
    }
    log(`a real PDS takes ${records} records; once, they are kept`)
    const first = [...plain].sort((a, b) => (a.rev < b.rev ? -1 : 1))
    await write(first.map(({ path, bytes }) => createOf(path, toJson(bytes))))
    const editor = createEditor(plain, account.did)
    const steps: PdsStep[] = []
    const getRepo = async (file: string, since?: string): Promise<number> => {
      const query = new URLSearchParams({ did: account.did, ...(since === undefined ? {} : { since }) })
      const answer = await fetch(`${pds.url}/xrpc/com.atproto.sync.getRepo?${query}`)
      if (!answer.ok) throw new Error(`getRepo: ${answer.status} ${await answer.text()}`)
      const bytes = new Uint8Array(await answer.arrayBuffer())
      writeFileSync(join(CACHE, file), bytes)
      return bytes.length
    }
    for (const spread of ['random', 'append'] as const)
      for (const changes of COUNTS.filter((count) => count * 10 <= records)) {
        log(`a real PDS takes ${changes} changes, ${spread}`)
        const before = `${name}-${spread}-${changes}-before.car`
        const since = `${name}-${spread}-${changes}-since.car`
        await getRepo(before)
        const { rev } = (await xrpc('com.atproto.sync.getLatestCommit', undefined, {
          did: account.did,
        })) as { rev: string }
        await write(spread === 'random' ? editor.random(changes) : editor.append(changes))
        steps.push({ spread, changes, before, since, sinceBytes: await getRepo(since, rev) })
      }
    const document = await (await fetch(`${pds.plc}/${account.did}`)).json()
    const plcLog = (await (await fetch(`${pds.plc}/${account.did}/log/audit`)).json()) as unknown[]
    const history: PdsHistory = { did: account.did, records, document, plcLog, steps }
    writeFileSync(join(CACHE, `${name}.json`), JSON.stringify(history, null, 2))
    return history
  } finally {
    await pds.stop()
  }
}

interface PdsModule {
  startPds(): Promise<{ readonly url: string; readonly plc: string; stop(): Promise<void> }>
}

async function createAccount(pds: string): Promise<{ did: string; accessJwt: string }> {
  const xrpc = xrpcOf(pds, undefined)
  const name = { handle: 'bench.test', email: 'bench@example.com', password: 'password' }
  return (await xrpc('com.atproto.server.createAccount', name)) as { did: string; accessJwt: string }
}

const xrpcOf =
  (pds: string, token: string | undefined) =>
  async (method: string, body: object | undefined, query: Record<string, string> = {}): Promise<unknown> => {
    const answer = await fetch(`${pds}/xrpc/${method}?${new URLSearchParams(query)}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${text.slice(0, 400)}`)
    return text === '' ? {} : JSON.parse(text)
  }

/** Makes writes that fit what the repo holds by then. */
function createEditor(all: readonly TestRecord[], did: string) {
  const prng: Prng = createPrng(`history/${did.length}/${all.length}`)
  const plain = all.filter(({ path }) => /like|post|follow|repost/.test(path))
  const left = prng.shuffle(plain.map(({ path }) => path))
  const byPath = new Map(plain.map((record) => [record.path, record]))
  let day = 0
  /** Another record's content, written at another moment. */
  const valueLike = (path: string): object => {
    const { bytes } = byPath.get(path) ?? prng.pick(plain)
    const moment = new Date(Date.UTC(2026, 9, 2) + 1000 * day++)
    // a map of the atproto data model
    return { ...(toJson(bytes) as object), createdAt: moment.toISOString() }
  }
  const next = (): string => {
    const path = left.pop()
    if (path === undefined) throw new RangeError('no record is left to change')
    return path
  }
  let newest = tidAfter('3mzzzzzzzzz22')
  return {
    append: (count: number): object[] =>
      Array.from({ length: count }, () => {
        const like = prng.pick(plain).path
        newest = tidAfter(newest, 1_000_000)
        return createOf(`${split(like).collection}/${newest}`, valueLike(like))
      }),
    random: (count: number): object[] =>
      Array.from({ length: count }, (_, i) => {
        const path = next()
        const share = count === 1 ? 0 : (i + 0.5) / count
        if (share < UPDATES)
          return { $type: 'com.atproto.repo.applyWrites#update', ...split(path), value: valueLike(path) }
        if (share < UPDATES + DELETES) return { $type: 'com.atproto.repo.applyWrites#delete', ...split(path) }
        const { collection, rkey } = split(path)
        return createOf(`${collection}/${tidAfter(rkey, 1)}`, valueLike(path))
      }),
  }
}

function split(path: string): { readonly collection: string; readonly rkey: string } {
  const slash = path.indexOf('/')
  return { collection: path.slice(0, slash), rkey: path.slice(slash + 1) }
}

const createOf = (path: string, value: unknown): object => ({
  $type: 'com.atproto.repo.applyWrites#create',
  ...split(path),
  value,
})

const namesBlob = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes('mimeType')
