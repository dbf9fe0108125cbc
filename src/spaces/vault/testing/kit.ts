import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CairnError } from '../../../core/errors.ts'
import { createBlake3Xof } from '../../../repo/space/blake3.ts'
import { createLtHash } from '../../../repo/space/lthash.ts'
import { openLevel } from '../../../storage/level/open.ts'
import type { Storage } from '../../../storage/port.ts'
import type { SpaceChange } from '../../../storage/space/change.ts'
import { sha256 } from '../../../storage/testing/node-host.ts'
import type { Edit, Entity } from '../../content/model.ts'
import { createSpaceKeys } from '../../keys/space-keys.ts'
import type { Role } from '../../members/model.ts'
import { foundSpace, type NewSpace } from '../found.ts'
import type { VaultHost } from '../host.ts'
import { joinSpace } from '../joining.ts'
import type { HeldLink, NewLink } from '../links.ts'
import type { Ignored, SpaceRow, Vault } from '../model.ts'
import { createVaultRows } from '../rows.ts'
import { openVault } from '../vault.ts'

const ltHash = createLtHash(await createBlake3Xof())
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** A clock that all devices of a test look at. */
interface TestClock {
  now: number
}

/** A profile of its own, on its own disk. */
export interface Profile {
  readonly name: string
  readonly directory: string
  readonly storage: Storage
  readonly host: VaultHost
  /** told by the vaults that were opened here */
  readonly ignored: Ignored[]
  open(row?: SpaceRow): Promise<Vault>
  found(options?: Partial<NewSpace>): Promise<Vault>
  join(link: HeldLink, name?: string): Promise<Vault>
  close(): Promise<void>
  /** Opens the disk again, which was closed. */
  reopen(): Promise<void>
  /** Closes the disk too, and opens it again. */
  restart(): Promise<void>
}

export interface World {
  readonly clock: TestClock
  profile(name: string, wrap?: (storage: Storage) => Storage): Promise<Profile>
}

/** The same storage, which does not wait for the disk. */
const hasty = (storage: Storage): Storage => ({
  ...storage,
  write: (ops, options) => storage.write(ops, { ...options, durability: 'relaxed' }),
})

/** Profiles on LevelDB in temporary folders; all is closed and gone after `use`. */
export async function withWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  const clock: TestClock = { now: 1_790_000_000_000 }
  const ends: (() => Promise<void>)[] = []
  try {
    return await use({
      clock,
      async profile(name, wrap = (it) => it) {
        const directory = await mkdtemp(join(tmpdir(), 'cairn-vault-'))
        const made = await createProfile(name, directory, clock, wrap)
        ends.push(async () => {
          await made.close()
          await made.storage.close()
          await rm(directory, { recursive: true, force: true })
        })
        return made
      },
    })
  } finally {
    for (const end of ends) await end()
  }
}

async function createProfile(
  name: string,
  directory: string,
  clock: TestClock,
  wrap: (storage: Storage) => Storage,
): Promise<Profile> {
  const opened = await openLevel(directory)
  let real = opened
  let host = hostOf(wrap(hasty(real)), clock)
  const vaults = new Set<Vault>()
  const ignored: Ignored[] = []

  async function open(row?: SpaceRow): Promise<Vault> {
    const found = row ?? (await createVaultRows(host.storage).list())[0]
    if (found === undefined) throw new Error(`${name} keeps no space`)
    const vault = await openVault(host, found)
    vault.onIgnored((it) => ignored.push(it))
    vaults.add(vault)
    return vault
  }
  async function close(): Promise<void> {
    for (const it of vaults) await it.close()
    vaults.clear()
  }
  async function reopen(): Promise<void> {
    real = await openLevel(directory)
    host = hostOf(wrap(hasty(real)), clock)
  }
  return {
    name,
    directory,
    reopen,
    get storage() {
      return real
    },
    get host() {
      return host
    },
    ignored,
    open,
    found: async (options = {}) => {
      const { title = 'Garden', hidePast = false, relays = [] } = options
      return open(await foundSpace(host, { title, name: options.name ?? name, hidePast, relays }))
    },
    join: async (link, as = name) => open(await joinSpace(host, link.capability, { name: as })),
    close,
    async restart() {
      await close()
      await real.close()
      await reopen()
    },
  }
}

const hostOf = (storage: Storage, clock: TestClock): VaultHost => ({
  ...{ storage, sha256, ltHash, random, keys: createSpaceKeys({ storage }) },
  // Each look is a little later, as with a real clock.
  now: () => clock.now++,
})

export const link = (more: Partial<NewLink> = {}): NewLink => ({
  ...{ role: 'writer', approval: false, expires: null, uses: 10, relays: [] },
  ...more,
})

const PAGE = { maxBytes: 1 << 28, maxRows: 1 << 20 }

/** Everything of a repo as changes over what the other side holds. */
async function changesBetween(from: Vault, to: Vault, repo: string): Promise<SpaceChange[]> {
  const all = { ...PAGE, after: null }
  const [theirs, ours] = [
    await from.store.page(repo, { ...all, withBytes: true }),
    await to.store.page(repo, { ...all, withBytes: false }),
  ]
  const there = new Set(theirs.records.map(({ path }) => path))
  const gone = ours.records.filter(({ path }) => !there.has(path))
  return [
    ...theirs.records.map(({ path, bytes }) => ({ path, bytes })),
    ...gone.map(({ path }) => ({ path, bytes: undefined })),
  ]
}

/** What one has that the other lacks goes there: operations, cards, repos. Codes of what was refused. */
export async function give(
  from: Vault,
  to: Vault,
  only?: (author: string) => boolean,
): Promise<readonly string[]> {
  const refused: string[] = []
  const operations = from.log.after([]).flatMap((cid) => from.log.operation(cid) ?? [])
  const added = await to.learn({ operations, cards: [...from.log.cards().values()] })
  refused.push(...added.refused.map(({ code }) => code))
  const heads = await from.store.heads(`${from.row.space}/`, { limit: 1000 })
  for (const { repo, head } of heads) {
    const author = repo.slice(repo.lastIndexOf('/') + 1)
    const held = await to.store.head(repo)
    if (held?.cid === head.cid || only?.(author) === false) continue
    try {
      const changes = await changesBetween(from, to, repo)
      await to.store.apply(repo, { commit: head.commit, changes, from: 'peer' })
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      refused.push(error.code)
    }
    await to.moved(author)
  }
  return refused
}

/** Both ways, until nobody has anything new for the other. */
export async function meet(...vaults: readonly Vault[]): Promise<void> {
  for (let turn = 0; turn < 4; turn++)
    for (const from of vaults) for (const to of vaults) if (from !== to) await give(from, to)
}

export const task = (id: string, title: string): Edit => ({ kind: 'task', id, set: { title } })
const titles = (vault: Vault): readonly (string | undefined)[] =>
  vault.content.list('task').map((it: Entity<'task'>) => it.fields.title)
export const sorted = (vault: Vault): readonly string[] =>
  titles(vault)
    .map((it) => it ?? '')
    .sort()
export const names = (vault: Vault): readonly string[] =>
  vault.content
    .list('profile')
    .map((it) => it.fields.name ?? '')
    .sort()
export const roleIn = (vault: Vault, person: string): Role =>
  vault.state().persons.get(person)?.role ?? 'none'

/** The code that a call fails with; `none` when it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    return error.code
  }
}
