import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { linkState } from '../links/accept.ts'
import { type Capability, type LinkRole, sealCapability } from '../links/capability.ts'
import { type ClosingReason, signLinkClosing } from '../links/closing.ts'
import { createShortLink } from '../links/link.ts'
import { createLinkKey, linkSigner } from '../links/link-key.ts'
import type { ShortLink } from '../links/place.ts'
import { signLinkRecord } from '../links/record.ts'
import { bytesOf, readMap } from '../maps.ts'
import type { Ask } from '../members/links.ts'
import type { Act, Role } from '../members/model.ts'
import { commitInner } from './commit.ts'
import { currentEpoch } from './epoch-choice.ts'
import { nameBytes } from '../epochs/epoch.ts'
import type { VaultParts } from './parts.ts'
import { hidesPast } from './past.ts'

export interface NewLink {
  readonly role: LinkRole
  /** ask to join: no key is given */
  readonly approval: boolean
  /** ms since 1970; null for no end */
  readonly expires: number | null
  /** 1 to 1,024 */
  readonly uses: number
  /** addresses that the newcomer tries first */
  readonly relays: readonly string[]
}

/** A link that was made on this device. */
export interface HeldLink {
  /** the link's `did:key` */
  readonly link: string
  readonly short: ShortLink
  /** with the key of the epoch that is in use now, unless it asks */
  readonly capability: Capability
  /** name of that epoch: when it is another by now, the capability is to be sealed anew */
  readonly epoch: string | undefined
}

export interface VaultLinks {
  /** A new link, in the space and kept here. */
  make(link: NewLink): Promise<HeldLink>
  /** What a link of this device gives now; undefined for one that was made elsewhere, or is gone. */
  held(link: string): Promise<HeldLink | undefined>
  /** Bytes for a relay to keep; new ones each time. */
  seal(link: HeldLink): Promise<Uint8Array<ArrayBuffer>>
  /** Ends a link with the joins that count here; what this device kept of it goes. */
  close(link: string, reason?: ClosingReason): Promise<void>
  /** Closes what is used up or expired at `now`; gives the links. For devices of admins; does nothing for others. */
  closeDue(now: number): Promise<readonly string[]>
  /** Lets in who asked. */
  admit(id: string, role: Exclude<Role, 'none'>): Promise<void>
  /** Tells who asked no. */
  decline(id: string): Promise<void>
}

const shape = v.strictObject({
  id: bytesOf(16),
  secret: bytesOf(KEY_BYTES),
  key: bytesOf(KEY_BYTES),
  relays: v.array(v.string()),
})
const MAX_SECRET = 4096
/** Characters that a capability has room for. */
const MAX_TITLE = 200
const secretName = (link: string): string => `link.${link}`

/**
 * The join links of a space. Each `make` and `close` is an operation; a closing begins a new epoch where the link
 * carried a key. Errors: those of `Vault.act`, SpacesError `spaces.no-link`, `spaces.no-request`.
 */
export function createVaultLinks(parts: VaultParts, act: (act: Act) => Promise<string>): VaultLinks {
  const { host, space, log, alone } = parts
  const { keys, random } = host

  async function make({ role, approval, expires, uses, relays }: NewLink): Promise<HeldLink> {
    // Who comes by a link reads what is written under the key that it carries.
    if (!approval) await alone(() => commitInner(parts, () => [], { freshEpoch: hidesPast(parts) }))
    const key = createLinkKey(random)
    const link = linkSigner(key).id
    const short = await createShortLink(random)
    const { id, secret } = short
    await keys.keepSecret(space, secretName(link), encodeDagCbor({ id, secret, key, relays: [...relays] }))
    const epoch = approval ? undefined : currentEpoch(parts)
    const { id: by, signer } = parts.device()
    const record = await signLinkRecord(
      {
        ...{ space, link, role, approval, expires, uses, by },
        created: host.now(),
        epoch: epoch === undefined ? null : nameBytes(epoch.info.name),
      },
      signer,
    )
    await act({ kind: 'link', body: { record } })
    const made = await held(link)
    if (made === undefined) throw new SpacesError('spaces.no-link', { link })
    return made
  }

  async function held(link: string): Promise<HeldLink | undefined> {
    const secret = await keys.secret(space, secretName(link))
    const known = log.members.state().links.find((it) => it.record.link === link)
    if (secret === undefined || known === undefined) return undefined
    const { key, relays, ...short } = readMap(secret, shape, 'spaces.link-malformed', MAX_SECRET)
    const { role, approval, expires } = known.record
    const epoch = approval || parts.role() === 'none' ? undefined : currentEpoch(parts)
    const { root } = log
    const capability: Capability = {
      ...{ space, root, title: parts.row().title.slice(0, MAX_TITLE), relays, role, approval, key, expires },
      epoch: epoch === undefined ? null : { name: epoch.epoch, key: epoch.key },
    }
    return { link, short: { kind: 'short', ...short }, capability, epoch: epoch?.info.name }
  }

  async function close(link: string, reason: ClosingReason = 'revoked'): Promise<void> {
    const found = log.members.state().links.filter((it) => it.record.link === link)
    if (found.length === 0) throw new SpacesError('spaces.no-link', { link })
    const joins = [...new Set(found.flatMap((it) => it.joins.map(({ id }) => id)))].sort()
    const { id: by, signer } = parts.device()
    const closing = await signLinkClosing({ space, link, reason, joins, by }, signer)
    await act({ kind: 'close', body: { closing } })
    await keys.dropSecret(space, secretName(link))
  }

  function askOf(id: string): Ask {
    const ask = log.members.state().asks.find((it) => it.id === id)
    if (ask === undefined) throw new SpacesError('spaces.no-request', { request: id })
    return ask
  }

  return {
    make,
    held,
    seal: ({ short, capability }) => sealCapability(short, capability, random),
    close,
    async closeDue(now) {
      if (parts.role() !== 'admin') return []
      const due = log.members.state().links.flatMap(({ record, joins, closings }) => {
        const state = linkState(record, joins.length, closings, now)
        const isDue = closings.length === 0 && (state === 'expired' || state === 'used-up')
        return isDue ? [{ link: record.link, state }] : []
      })
      for (const { link, state } of due) await close(link, state)
      return due.map(({ link }) => link)
    },
    async admit(id, role) {
      const { device: person, via } = askOf(id)
      await act({ kind: 'role', body: { person, role, enrol: true, heads: [], via } })
    },
    async decline(id) {
      const { device: person } = askOf(id)
      await act({ kind: 'role', body: { person, role: 'none', enrol: false, heads: [], via: null } })
    },
  }
}
