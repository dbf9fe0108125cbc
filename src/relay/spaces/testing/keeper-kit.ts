import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../../core/bytes.ts'
import { openLevel } from '../../../storage/level/open.ts'
import type { Storage } from '../../../storage/port.ts'
import { sha256 } from '../../../storage/testing/node-host.ts'
import { createLog } from '../../http/log.ts'
import { DEFAULT_STORE_LIMITS } from '../../keeping.ts'
import type { Admission, Store } from '../../store/model.ts'
import { createStore } from '../../store/store.ts'
import type { SpaceLimits } from '../limits.ts'
import type { SpaceKeeper } from '../keeper.ts'
import { openSpaces, type RelaySpaces } from '../spaces.ts'
import type { Member } from './member-kit.ts'

export interface Opened {
  readonly store: Store
  readonly spaces: RelaySpaces
  readonly keeper: SpaceKeeper
}

export interface KeeperKit {
  /** ms; nothing passes by itself */
  readonly time: { now: number }
  readonly lines: string[]
  /** a new database for a member */
  storage(): Promise<Storage>
  /** Opens the store, or opens it again after a close: always the same folder. */
  open(options?: {
    readonly limits?: Partial<SpaceLimits>
    readonly bytes?: number
    readonly admission?: Admission
  }): Promise<Opened>
}

const OPEN: Admission = { mode: 'open' }

/** The relay's store with what it keeps of spaces, on a real database. Closes all it opened. */
export async function withKeeper(use: (kit: KeeperKit) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-spaces-'))
  const time = { now: Date.UTC(2026, 9, 2) }
  const lines: string[] = []
  const log = createLog({ level: 'debug', write: (line) => lines.push(line), now: () => 0 })
  const ends: (() => Promise<void>)[] = []
  let opened: (() => Promise<void>) | undefined
  const noNetwork = async (): Promise<never> => {
    throw new Error('nothing is fetched here')
  }
  try {
    await use({
      time,
      lines,
      async storage() {
        const storage = await openLevel(join(folder, `member-${ends.length}`))
        ends.push(() => storage.close())
        return storage
      },
      async open({ limits = {}, bytes, admission = OPEN } = {}) {
        await opened?.()
        const store = await createStore({
          dataDir: join(folder, 'store'),
          admission,
          limits: { ...DEFAULT_STORE_LIMITS, ...(bytes === undefined ? {} : { bytes }) },
          endpoints: { plc: '', doh: '', resolver: '', allowLocal: true },
          fetch: noNetwork,
          host: { timers: { after: () => () => {} }, clock: { now: () => time.now } },
        })
        const spaces = await openSpaces({ store, admission, limits, log })
        const { keeper } = spaces
        opened = async () => {
          opened = undefined
          await spaces.close()
          await store.close()
        }
        await keeper.idle()
        return { store, spaces, keeper }
      },
    })
  } finally {
    await opened?.()
    for (const end of ends) await end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Has a space kept as a member's device does: asks, then gives the whole log. */
export async function keepFor(
  keeper: SpaceKeeper,
  member: Member,
  options: { readonly peer?: string; readonly token?: string } = {},
): Promise<'kept' | 'denied' | 'full' | 'not-known'> {
  const { space, root } = member.log
  const { peer = `peer of ${member.device.id}`, token } = options
  const keeping = await keeper.keep({ peer, key: member.device.id, space, root, token })
  if (typeof keeping === 'string') return keeping
  await keeping.replica.log.add(member.all())
  const isKept = keeper.find(space) !== undefined
  if (!isKept) await keeping.abandon()
  return isKept ? 'kept' : 'not-known'
}

/** Copies a member's repo to the keeper, through what any transfer goes through. */
export async function bring(keeper: SpaceKeeper, from: Member): Promise<boolean> {
  const { repos, repo, log } = from
  const head = await repos.head(repo)
  const to = keeper.find(log.space)
  if (head === undefined || to === undefined) throw new Error('nothing to bring')
  const page = await repos.page(repo, { after: null, withBytes: true, maxBytes: 1e9, maxRows: 1e9 })
  const changes = page.records.map(({ path, bytes }) => ({ path, bytes }))
  const held = await to.repos.head(repo)
  const gone =
    held === undefined ? [] : await pathsGone(to.repos, repo, new Set(changes.map((it) => it.path)))
  return to.repos.apply(repo, {
    commit: new Uint8Array(head.commit),
    changes: [...changes, ...gone],
    from: 'peer',
  })
}

async function pathsGone(repos: Member['repos'], repo: string, there: ReadonlySet<string>) {
  const page = await repos.page(repo, { after: null, withBytes: false, maxBytes: 1e9, maxRows: 1e9 })
  return page.records.filter(({ path }) => !there.has(path)).map(({ path }) => ({ path, bytes: undefined }))
}

export const idOf = (bytes: Uint8Array): string => toHex(sha256(bytes))
