import { encode } from '@atcute/cbor'
import { cidString, CODEC_RAW } from '../../core/cid.ts'
import { formatTid } from '../../core/tid.ts'
import { makeKey, startLog, type PlcLogMaker, type TestKey as PlcKey } from '../../pds/testing/plc-maker.ts'
import { type EditedRepo, editRepo, type RepoEdits } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { cidOf } from '../../repo/testing/cid.ts'
import { createTestKey, type TestKey } from '../../repo/testing/keys.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { signRepo, type TestRecord, type TestRepo } from '../../repo/testing/repo.ts'
import { sha256 } from '../../storage/testing/node-host.ts'

export type AccountState = 'active' | 'deactivated' | 'takendown' | 'suspended' | 'deleted' | 'not-found'

/** An account that lives on a test server: a real repo under a DID with a real PLC log. */
export interface TestAccount {
  readonly did: string
  readonly handle: string
  readonly log: PlcLogMaker
  /** what the server has now */
  repo: TestRepo
  /** every repo that the server had, for `since` */
  readonly history: TestRepo[]
  state: AccountState
  readonly blobs: Map<string, Uint8Array<ArrayBuffer>>
  /** Writes the next commit. */
  commit(edits: RepoEdits): EditedRepo
  /** Serves this repo from now on. */
  serve(repo: TestRepo): void
  /** Puts a new signing key into the log; the next commit is signed with it. */
  rotate(at: number): Promise<{ before: TestKey; after: TestKey }>
  tombstone(): Promise<void>
  /** Adds a blob; returns its CID. */
  addBlob(bytes: Uint8Array<ArrayBuffer>): string
}

export interface AccountOptions {
  readonly name: string
  readonly pds: string
  readonly records?: number
}

/** Long before the first record, so that its key has signed all of them. */
const OPENED = Date.UTC(2022, 0, 1)
/** When the last commit of a small repo was made. */
const LAST_WRITE = Date.UTC(2026, 9, 1)
/** Below this many, records are simple posts and cheap to make. */
const SIMPLE = 200

export async function createAccount({ name, pds, records = 60 }: AccountOptions): Promise<TestAccount> {
  const handle = `${name}.test`
  const rotation = await makeKey('p256')
  const made = records > SIMPLE ? generateRepo({ seed: name, records }) : smallRepo(name, records)
  /** Only the did:key of a signing key goes into a log. */
  const inLog = (key: TestKey): PlcKey => ({ ...rotation, didKey: key.didKey })
  const state = (key: TestKey) => ({ rotationKeys: [rotation], signing: inLog(key), handle, pds })
  const log = await startLog(state(made.key), rotation, OPENED)
  const first = signRepo({ ...made, did: log.did, handle })
  let key = made.key
  const account: TestAccount = {
    did: log.did,
    handle,
    log,
    repo: first,
    history: [first],
    state: 'active',
    blobs: new Map(),
    commit(edits) {
      const next = editRepo({ ...account.repo, key }, edits)
      account.serve(next)
      return next
    },
    serve(repo) {
      account.repo = repo
      account.history.push(repo)
    },
    async rotate(at) {
      const before = key
      key = createTestKey(createPrng(`${name}/key/${at}`), 'p256')
      await log.add(state(key), rotation, { at })
      return { before, after: key }
    },
    async tombstone() {
      await log.add('tombstone', rotation)
    },
    addBlob(bytes) {
      const cid = cidString(CODEC_RAW, sha256(bytes))
      account.blobs.set(cid, bytes)
      return cid
    },
  }
  return account
}

/** A repo of short posts and a profile, without the cost of a realistic one. */
function smallRepo(name: string, count: number): TestRepo {
  const rev = formatTid(LAST_WRITE * 1000, 0)
  const record = (path: string, value: Record<string, unknown>): TestRecord => {
    const bytes = encode(value).slice()
    return { path, bytes, cid: cidOf(bytes), rev }
  }
  const records = Array.from({ length: count - 1 }, (_, i) => {
    const collection = i % 4 === 3 ? 'app.bsky.feed.like' : 'app.bsky.feed.post'
    const path = `${collection}/${formatTid((LAST_WRITE - (count - i) * 60_000) * 1000, 7)}`
    return record(path, {
      $type: collection,
      text: `${name} writes ${i}: ${'stone '.repeat(i % 40)}`,
      createdAt: '2026-09-01T00:00:00Z',
    })
  })
  if (count > 0)
    records.push(
      record('app.bsky.actor.profile/self', {
        $type: 'app.bsky.actor.profile',
        displayName: `${name} of test`,
      }),
    )
  records.sort((a, b) => (a.path < b.path ? -1 : 1))
  const key = createTestKey(createPrng(`${name}/key`), 'k256')
  return signRepo({
    did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
    handle: `${name}.test`,
    key,
    rev,
    records,
    seed: name,
    order: 'revision',
  })
}
