import { equalBytes } from '../../core/bytes.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import {
  deriveBytes,
  deriveKey,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Parts,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import type { EpochKey } from '../sealing/record.ts'
import { type Epoch, type EpochParent, nameBytes, readEpoch, signEpoch } from './epoch.ts'

const COMMIT_TAG = 'cairn.space.epoch-commit.v1'
const PARENT_TAG = 'cairn.space.epoch-parent.v1'
const NO_SALT = new Uint8Array()
/** Most epochs that one key opens at a time: a bound on what a chain of them costs. */
const MAX_ANCESTORS = 16_384

/** An epoch and its key. */
export interface OpenEpoch extends EpochKey {
  readonly info: Epoch
  /** 32 bytes, for wrapping and for those that come after */
  readonly key: Uint8Array
}

const commitTo = (secret: CryptoKey, space: string): Promise<Uint8Array<ArrayBuffer>> =>
  deriveBytes(secret, [COMMIT_TAG, space], KEY_BYTES)

const parentParts = (space: string, parent: string): Parts => [PARENT_TAG, space, nameBytes(parent)]

export interface NewEpoch {
  readonly space: string
  /** devices that have access */
  readonly recipients: Iterable<string>
  /** membership heads that this device has seen */
  readonly members: readonly string[]
  /** what `chooseEpoch` names */
  readonly parents: readonly OpenEpoch[]
  /** newcomers read nothing from before */
  readonly hidePast: boolean
}

/** A new epoch with a new key: its bytes to publish, and itself to seal under and to wrap. Throws as `readEpoch`. */
export async function makeEpoch(
  wanted: NewEpoch,
  signer: SpaceSigner,
  random: Random,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly epoch: OpenEpoch }> {
  const { space, members, hidePast } = wanted
  const key = randomBytes(random, KEY_BYTES)
  const secret = await importSecret(key)
  const parents: EpochParent[] = []
  for (const { info, key: theirs } of wanted.parents) {
    if (info.space !== space) throw new SpacesError('spaces.invalid', { what: 'parent' })
    parents.push({ name: info.name, key: hidePast ? null : await sealParent(secret, info, theirs) })
  }
  const fields = {
    ...{ space, members, maker: signer.id },
    recipients: [...new Set(wanted.recipients)].sort(),
    parents: parents.sort((a, b) => (a.name < b.name ? -1 : 1)),
    commit: await commitTo(secret, space),
  }
  const bytes = await signEpoch(fields, signer)
  return { bytes, epoch: await openEpoch(await readEpoch(bytes), key) }
}

async function sealParent(secret: CryptoKey, parent: Epoch, key: Uint8Array): Promise<Uint8Array> {
  const parts = parentParts(parent.space, parent.name)
  return gcmSeal(await deriveKey(secret, NO_SALT, parts), parts, new Uint8Array(key))
}

/**
 * The epoch with its key, from a wrap, a join link or another epoch: nothing is believed but the commitment.
 *
 * @throws SpacesError `spaces.epoch-key` (another key), `spaces.invalid` (no 32 bytes)
 */
export async function openEpoch(info: Epoch, key: Uint8Array): Promise<OpenEpoch> {
  const own = new Uint8Array(key)
  const secret = await importSecret(own)
  // A commitment is public: how long the comparison takes tells nothing.
  if (!equalBytes(await commitTo(secret, info.space), info.commit))
    throw new SpacesError('spaces.epoch-key', { epoch: info.name })
  return { info, key: own, epoch: nameBytes(info.name), secret }
}

/**
 * The epoch before, by the key that this one carries.
 *
 * @throws SpacesError `spaces.epoch-parent` (none of its parents, hidden, or not what was sealed), `spaces.epoch-key`
 */
export async function openParent(child: OpenEpoch, parent: Epoch): Promise<OpenEpoch> {
  const { space, name, parents } = child.info
  const wrong = (): SpacesError =>
    new SpacesError('spaces.epoch-parent', { epoch: name, parent: parent.name })
  const sealed = parents.find((it) => it.name === parent.name)?.key ?? undefined
  if (sealed === undefined || parent.space !== space) throw wrong()
  const parts = parentParts(space, parent.name)
  const key = await gcmOpen(await deriveKey(child.secret, NO_SALT, parts), parts, sealed)
  if (key?.length !== KEY_BYTES) throw wrong()
  return openEpoch(parent, key)
}

/**
 * All epochs that these open: themselves, their parents, and so on, by name. `find` gives epochs that are here. A
 * parent that does not open hides nothing else; its errors are among `faults`.
 */
export async function openAncestors(
  from: Iterable<OpenEpoch>,
  find: (name: string) => Epoch | undefined,
): Promise<{ readonly opened: ReadonlyMap<string, OpenEpoch>; readonly faults: readonly SpacesError[] }> {
  const opened = new Map<string, OpenEpoch>()
  const faults: SpacesError[] = []
  for (const it of from) opened.set(it.info.name, it)
  // A map gives what was added while it is walked, too.
  for (const child of opened.values()) {
    for (const { name, key } of child.info.parents) {
      const parent = key === null || opened.has(name) ? undefined : find(name)
      if (parent === undefined || opened.size >= MAX_ANCESTORS) continue
      try {
        opened.set(name, await openParent(child, parent))
      } catch (error) {
        if (!(error instanceof SpacesError)) throw error
        faults.push(error)
      }
    }
  }
  return { opened, faults }
}
