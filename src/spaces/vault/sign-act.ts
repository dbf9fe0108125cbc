import type { SpaceSigner } from '../../repo/space/commit.ts'
import { SpacesError } from '../errors.ts'
import { linkSigner } from '../links/link-key.ts'
import type { Act } from '../members/model.ts'
import { signOperation } from '../members/operation.ts'
import { membershipHeads } from './epoch-choice.ts'
import type { VaultParts } from './parts.ts'

/** Under what name the authority's key is kept among a space's secrets. */
export const AUTHORITY = 'authority'

/**
 * The key that has the authority of the space now, as far as this device can sign with it: the key of the space, or
 * this device's own where it was named successor.
 */
export async function authoritySigner(parts: VaultParts): Promise<SpaceSigner | undefined> {
  return signerFor(parts, parts.log.members.state().authority)
}

async function signerFor({ host, space, device }: VaultParts, key: string): Promise<SpaceSigner | undefined> {
  if (device().id === key) return device().signer
  const secret = await host.keys.secret(space, AUTHORITY)
  const signer = secret === undefined ? undefined : linkSigner(secret)
  return signer?.id === key ? signer : undefined
}

/** Whether nobody but the authority may do this, as the members stand now. */
function needsAuthority({ log, persons, row }: VaultParts, act: Act): boolean {
  const { persons: people, devices } = log.members.state()
  const isAdmin = (person: string): boolean => people.get(person)?.role === 'admin'
  switch (act.kind) {
    case 'create':
    case 'cut':
    case 'successor':
    case 'succeed':
      return true
    case 'role':
      return act.body.role === 'admin' || isAdmin(act.body.person)
    case 'drop':
      return isAdmin(act.body.person) && act.body.person !== row().person
    case 'freeze':
      return devices.get(act.body.device) === 'admin' && persons.personOf(act.body.device) !== row().person
    default:
      return false
  }
}

/** Kinds that only an admin may do, or the authority. */
const ADMIN_KINDS: ReadonlySet<Act['kind']> = new Set(['role', 'hide', 'freeze', 'link', 'close'])

async function authorityFor(parts: VaultParts, act: Act): Promise<SpaceSigner | undefined> {
  if (act.kind === 'succeed') return successorSigner(parts)
  const needs = needsAuthority(parts, act)
  if (!needs && (parts.role() === 'admin' || !ADMIN_KINDS.has(act.kind))) return undefined
  const signer = await authoritySigner(parts)
  if (signer === undefined && needs) throw new SpacesError('spaces.no-authority', { kind: act.kind })
  return signer
}

async function successorSigner(parts: VaultParts): Promise<SpaceSigner> {
  for (const key of parts.log.members.state().successors) {
    const signer = await signerFor(parts, key)
    if (signer !== undefined) return signer
  }
  throw new SpacesError('spaces.no-authority', { kind: 'succeed' })
}

/**
 * Signs an operation over all that is known here and puts it into the log; its CID. The caller has the vault alone.
 *
 * @throws SpacesError `spaces.no-authority`, `spaces.refused` ({ code }); MembersError; StorageError
 */
export async function signAct(parts: VaultParts, act: Act): Promise<string> {
  const { host, space, log } = parts
  const { signer, id: author } = parts.device()
  const fields = {
    ...{ space, author, act, at: host.now() },
    seq: log.members.nextSeq(author),
    parents: membershipHeads(parts),
  }
  const made = await signOperation(fields, signer, await authorityFor(parts, act), host.sha256)
  const { refused } = await log.add({ operations: [made.bytes] })
  const [fault] = refused
  if (fault !== undefined) throw new SpacesError('spaces.refused', { kind: act.kind, reason: fault.code })
  return made.cid
}
