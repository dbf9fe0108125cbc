import { toBase32 } from '@atcute/multibase'
import { personTag } from '../content/ids.ts'
import { randomBytes } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { createLinkKey, linkSigner } from '../links/link-key.ts'
import { createSpaceLog } from '../log/log.ts'
import { signOperation } from '../members/operation.ts'
import { commitInner } from './commit.ts'
import { whileMaking } from './forget.ts'
import type { VaultHost } from './host.ts'
import type { SpaceRow } from './model.ts'
import { openParts } from './open.ts'
import { createVaultRows } from './rows.ts'
import { AUTHORITY } from './sign-act.ts'

const TYPE = 'app.cairn.group'
/** 13 characters of base32. */
const SKEY_BYTES = 8

export interface NewSpace {
  readonly title: string
  /** of who founds it, as others see it */
  readonly name: string
  /** newcomers read nothing from before */
  readonly hidePast: boolean
  readonly relays: readonly string[]
}

/**
 * Founds a space: its authority's key, this device's keys, the first operation, the first epoch, its title and the
 * founder's profile. All of it is durable when it resolves. The row is written last, so that what a crash leaves is
 * either a whole space or nothing that anybody sees.
 *
 * @throws ContentError for a title or name that is none; KeysError; StorageError
 */
export const foundSpace = (host: VaultHost, options: NewSpace): Promise<SpaceRow> =>
  whileMaking(host, () => found(host, options))

async function found(host: VaultHost, options: NewSpace): Promise<SpaceRow> {
  const { storage, sha256, random, keys, now } = host
  const { title, name, hidePast, relays } = options
  const key = createLinkKey(random)
  const authority = linkSigner(key)
  const space = `at://${authority.id}/space/${TYPE}/${toBase32(randomBytes(random, SKEY_BYTES))}`
  await keys.keepSecret(space, AUTHORITY, key)
  const device = await keys.device(space)
  const begin = await signOperation(
    {
      ...{ space, author: device.id, seq: 1, parents: [], at: now() },
      act: { kind: 'create', body: { successor: null } },
    },
    device.signer,
    authority,
    sha256,
  )
  const log = await createSpaceLog({ storage, space, root: begin.cid, sha256 })
  const { refused } = await log.add({ operations: [begin.bytes], cards: [device.card] })
  const [fault] = refused
  if (fault !== undefined) throw new SpacesError('spaces.refused', { kind: 'create', reason: fault.code })
  const row: SpaceRow = {
    ...{ space, root: begin.cid, device: device.id, person: device.id, title, relays, hidePast },
    joinedAt: now(),
    state: 'member',
    former: [],
  }
  const parts = await openParts(host, row)
  const edits = [
    { kind: 'space' as const, id: 'space', set: { title } },
    { kind: 'profile' as const, id: personTag(device.id), set: { name } },
  ]
  await commitInner(parts, () => parts.content.edit(device.id, edits, now()))
  await createVaultRows(storage).put(row)
  return row
}
