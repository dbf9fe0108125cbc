import { createContent } from '../content/content.ts'
import { createSpaceLog } from '../log/log.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { createSpaceStore } from '../../storage/space/store.ts'
import type { SpaceHost } from '../../storage/space/host.ts'
import { SpacesError } from '../errors.ts'
import { createEffects } from './effects.ts'
import type { VaultHost } from './host.ts'
import { createKeyring } from './keyring.ts'
import type { SpaceRow } from './model.ts'
import type { VaultParts } from './parts.ts'
import { isMadeHere } from './own-commit.ts'
import { createPersons } from './persons.ts'
import { dropStandIn, standInOf } from './recovering.ts'
import { createRepos } from './repos.ts'
import { createVaultRows } from './rows.ts'
import { createTurns } from './turns.ts'

/** What a vault is made of, with the host that its repos are kept with. Nothing is read of the repos yet. */
interface OpenedParts extends VaultParts {
  readonly spaceHost: SpaceHost
}

/** Loads the log and the keys of a space. Throws StorageError, KeysError. */
export async function openParts(host: VaultHost, start: SpaceRow): Promise<OpenedParts> {
  const { storage, sha256, ltHash } = host
  const { space, root } = start
  let row = start
  let device = await ownDevice(host, start)
  let standIn = await standInOf(host.keys, space)
  let isCommitting = false
  const log = await createSpaceLog({ storage, space, root, sha256 })
  const spaceHost: SpaceHost = {
    storage,
    sha256,
    ltHash,
    async mayWrite(author, name, { rev, members }, cid) {
      if (author === device.id && !isCommitting) await checkOwn(formatSpaceRepo(name), rev, cid)
      const verdict = log.members.judge({ author, rev, members, cid })
      // Whoever brings the commit can bring what it names first.
      if (verdict.is === 'unknown')
        throw new SpacesError('spaces.unknown-heads', { author, missing: verdict.missing })
      if (verdict.is !== 'counts')
        effects.ignored({ code: `spaces.commit-${verdict.is}`, device: author, fields: { rev, commit: cid } })
      return verdict.is === 'counts'
    },
  }
  /** A copy of this profile goes on under the same identity: nothing of it may be taken over what is here. */
  async function checkOwn(repo: string, rev: string, cid: string): Promise<void> {
    if (await isMadeHere(storage, repo, { rev, cid })) return
    const fields = { device: device.id, rev, commit: cid }
    effects.ignored({ code: 'spaces.cloned', device: device.id, fields })
    throw new SpacesError('spaces.cloned', fields)
  }
  const store = createSpaceStore(spaceHost)
  const persons = createPersons(log, sha256)
  const content = createContent({ who: persons, now: host.now })
  const effects = createEffects(content)
  const keyring = await createKeyring(storage, space, sha256)
  const rows = createVaultRows(storage)
  const unwraps = () => [device.unwrap, ...(standIn === undefined ? [] : [standIn.unwrap])]
  const role = () => log.members.state().devices.get(device.id) ?? 'none'
  const isOwnPast = (author: string): boolean =>
    role() === 'none' && (author === device.id || row.former.includes(author))
  const repos = createRepos({ space, store, log, keyring, effects, unwraps, isOwnPast })
  return {
    ...{ host, space, log, store, spaceHost, content, persons, keyring, repos, effects },
    device: () => device,
    standIn: () => standIn,
    async dropStandIn() {
      await dropStandIn(host.keys, space)
      standIn = undefined
    },
    role,
    row: () => row,
    async patch(change) {
      row = (await rows.patch(space, change)) ?? { ...row, ...change }
      if (change.device !== undefined) device = await ownDevice(host, row)
    },
    alone: createTurns(),
    async commit(repo, changes, members) {
      isCommitting = true
      try {
        return await store.commit(repo, { changes, signer: device.signer, members, now: host.now() })
      } finally {
        isCommitting = false
      }
    },
  }
}

/** The keys of the device that the row names, which is the newest but where a change of identity was cut off. */
async function ownDevice({ keys }: VaultHost, { space, device }: SpaceRow) {
  const found = (await keys.devices(space)).find(({ id }) => id === device)
  if (found === undefined) throw new SpacesError('spaces.no-keys', { device })
  return found
}
