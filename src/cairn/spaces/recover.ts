import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { personTag } from '../../spaces/content/ids.ts'
import { readRecoveryFile } from '../../spaces/keys/file.ts'
import { type RecoveryFinder, recoveryFinder } from '../../spaces/keys/finder.ts'
import type { RecoveryEntry, RecoveryList } from '../../spaces/keys/list.ts'
import { KeysError } from '../../spaces/keys/errors.ts'
import type { Recovery } from '../../spaces/keys/model.ts'
import { recoveredAuthority, recoveredSeed, seedDevice } from '../../spaces/keys/recovery-device.ts'
import { recoveryOfWords } from '../../spaces/keys/words.ts'
import { takeUpRecovery } from '../../spaces/vault/recovering.ts'
import type { RecoveredSpace } from '../space-model.ts'
import type { Spaces } from '../spaces-api.ts'
import { heldWithin } from './arrival.ts'
import { forgetSpace } from './forget.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import { findLists } from './recovery-lists.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf, summaryOf } from './summary.ts'

/** With a store in reach a space is open within so long; others are waited for no longer, and go on by themselves, ms. */
const WAIT = 10_000
/** A name that a person gave is used where there is none by then, ms. */
const NAME_WITHIN = 60_000
/** A recovery file is under 50 KB. */
const MAX_FILE = 1 << 20

/** What came of a recovery: what a person is told, and what this device keeps of it. */
export interface Recovered {
  readonly spaces: readonly RecoveredSpace[]
  readonly finder: RecoveryFinder
  readonly list: RecoveryList
  /** the recovery's devices, as far as they could be made */
  readonly devices: readonly string[]
}

/**
 * Opens the spaces of a recovery here. In each this device makes keys of its own, acts as the recovery's device until
 * that has made it one of the person's, and then by itself: nothing is copied. One that cannot be opened harms no other;
 * one that nobody can be reached for stays (`asked`), and goes on when somebody can. `known`: lists that this device
 * remembers of a recovery, by its place.
 *
 * @throws KeysError for words or a file that are none; as `findLists`; StorageError
 */
export async function recoverSpaces(
  spaces: OpenSpaces,
  from: Parameters<Spaces['recover']>[0],
  name: string,
  known: (finder: RecoveryFinder) => Promise<RecoveryList | undefined>,
): Promise<Recovered> {
  const { recovery, list: fromFile } = await readFrom(from)
  const finder = await recoveryFinder(recovery)
  const remembered = await known(finder)
  const list = await findLists(
    spaces.context,
    finder,
    [fromFile, remembered].filter((it) => it !== undefined),
  )
  const opened = await Promise.all(list.spaces.map((entry) => recoverOne(spaces, recovery, entry, name)))
  return {
    spaces: opened.map(({ told }) => told),
    devices: opened.flatMap(({ device }) => device ?? []),
    ...{ finder, list },
  }
}

async function readFrom(
  from: Parameters<Spaces['recover']>[0],
): Promise<{ readonly recovery: Recovery; readonly list: RecoveryList | undefined }> {
  if ('words' in from) return { recovery: await recoveryOfWords(from.words), list: undefined }
  const { file, passphrase } = from
  if (file.size > MAX_FILE) throw new KeysError('keys.file-malformed', { reason: 'size' })
  return readRecoveryFile(await file.text(), passphrase)
}

async function recoverOne(
  spaces: OpenSpaces,
  recovery: Recovery,
  entry: RecoveryEntry,
  name: string,
): Promise<{ readonly told: RecoveredSpace; readonly device: string | undefined }> {
  const { space, title } = entry
  let device: string | undefined
  try {
    const seed = await recoveredSeed(recovery, entry)
    device = (await seedDevice(seed, space)).id
    const summary = await openOne(spaces, entry, seed, await authorityOf(recovery, entry), name)
    return { told: { space, title: summary.title, summary, error: undefined }, device }
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    const { code, fields } = error
    return { told: { space, title, summary: undefined, error: { code, fields } }, device }
  }
}

/** Without the authority's key the space opens all the same: one that is spoilt is left out. */
async function authorityOf(recovery: Recovery, entry: RecoveryEntry): Promise<Uint8Array | undefined> {
  try {
    return await recoveredAuthority(recovery, entry)
  } catch (error) {
    if (error instanceof KeysError) return undefined
    throw error
  }
}

async function openOne(
  spaces: OpenSpaces,
  entry: RecoveryEntry,
  seed: Uint8Array,
  authority: Uint8Array | undefined,
  name: string,
) {
  const { context, use, whileClosed } = spaces
  const { space, relays } = entry
  const { host, vaults, net } = context
  const before = (await spaces.rows()).find((it) => it.space === space)
  if (before?.state !== 'member')
    await whileClosed(space, () => takeUpRecovery(vaults, { ...entry, seed, authority }))
  const it = await use(space)
  for (const relay of relays) quietly(net()?.reach(relay) ?? Promise.resolve())
  context.emit({ type: 'spaces' })
  const { vault } = it
  await heldWithin(
    it,
    host.timers,
    WAIT,
    () => vault.recovery() === 'refused' || vault.row.state === 'member',
  )
  if (vault.recovery() === 'refused') {
    if (before === undefined) {
      await whileClosed(space, () => forgetSpace(context, space))
      context.emit({ type: 'spaces' })
    }
    throw new CairnError('spaces.recovery-refused', { space })
  }
  quietly(nameOnce(it, name, host.timers))
  return summaryOf(it, net())
}

/** A person who never said a name says this one: once all that others have is here. */
async function nameOnce(it: OpenSpace, name: string, timers: Timers): Promise<void> {
  const { vault } = it
  if (!(await heldWithin(it, timers, NAME_WITHIN, () => vault.recovery() === undefined))) return
  const id = personTag(selfOf(vault))
  if (name === '' || vault.content.get('profile', id)?.fields.name !== undefined) return
  await vault.edit([{ kind: 'profile', id, set: { name } }])
}
