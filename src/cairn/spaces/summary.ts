import { parseTid } from '../../core/tid.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { personTag } from '../../spaces/content/ids.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { SpacePeer } from '../../sync/spaces/model.ts'
import type { SpaceDetail, SpacePerson, SpaceRole, SpaceSummary, SpaceSyncState } from '../space-model.ts'
import { joinError } from './join-faults.ts'
import type { OpenSpace } from './open-space.ts'
import type { SpacesNet } from '../network/spaces-net.ts'

/** The person of this device, as the members' operations say, or as the row remembers. */
export const selfOf = (vault: Vault): string =>
  vault.persons.personOf(vault.device().id) ?? vault.row.person ?? vault.device().id

/** Devices and stores that keep the space, so far as is known: one that was removed has a copy, and none of ours. */
function keepersOf({ space, vault }: OpenSpace, net: SpacesNet | undefined): readonly SpacePeer[] {
  const { devices, frozen } = vault.state()
  // Who came by a link may have shown that one's key, which is no device's.
  const isRemoved = (device: string): boolean => frozen.has(device) && !devices.has(device)
  return (net?.sync.peers(space) ?? []).filter(
    ({ kind, device, error }) =>
      kind === 'store' || (device === undefined ? error !== 'space-sync.stranger' : !isRemoved(device)),
  )
}

function syncStateOf(open: OpenSpace, net: SpacesNet | undefined): SpaceSyncState {
  const peers = keepersOf(open, net)
  const answered = peers.flatMap(({ answeredAt }) => answeredAt ?? [])
  return {
    connected: peers.filter((it) => it.connected).length,
    current: peers.filter((it) => it.current).length,
    known: peers.length,
    unsent: open.unsent(),
    answeredAt: answered.length === 0 ? undefined : Math.max(...answered),
  }
}

/** What a list shows of a space. */
export async function summaryOf(open: OpenSpace, net: SpacesNet | undefined): Promise<SpaceSummary> {
  const { space, vault, now } = open
  const { row, content } = vault
  const { total, mentions } = open.reads.unread()
  const changed = (['post', 'note', 'task', 'file'] as const).map((kind) =>
    content.list(kind).reduce((latest, it) => Math.max(latest, it.changedAt), 0),
  )
  const refused = row.state === 'asked' ? joinError(vault, now()) : undefined
  return {
    ...{ space, state: row.state, joinedAt: row.joinedAt },
    fault: refused && { code: refused.code, fields: refused.fields },
    title: content.get('space', 'space')?.fields.title ?? row.title,
    role: vault.role(),
    members: vault.state().persons.size,
    unread: total,
    mentions: mentions.length,
    sync: syncStateOf(open, net),
    storedBytes: await open.storedBytes(),
    changedAt: Math.max(row.joinedAt, ...changed),
  }
}

/** Everything of a space but what is in it. */
export async function detailOf(open: OpenSpace, net: SpacesNet | undefined): Promise<SpaceDetail> {
  const { vault } = open
  const fields = vault.content.get('space', 'space')?.fields
  const pins = vault.content
    .list('pin')
    .flatMap(({ fields: pin }) => (pin.on === true && pin.target !== undefined ? [pin.target] : []))
  return {
    ...(await summaryOf(open, net)),
    about: fields?.about ?? '',
    device: vault.device().id,
    person: selfOf(vault),
    isOwner: await vault.isOwner(),
    hidesPast: vault.row.hidePast,
    waitsFor: waitsFor(vault),
    hasCopy: vault.row.was?.state === 'left' || vault.row.was?.state === 'removed',
    backup: fields?.backup ?? false,
    persons: await personsOf(open),
    former: formerOf(vault),
    pins,
    peers: keepersOf(open, net).map(({ peer, kind, connected, current, answeredAt, error, device }) => ({
      ...{ peer, kind, connected, current, answeredAt, error },
      name: (device && nameOf(vault, device)) ?? net?.nameOf(peer) ?? peer,
    })),
  }
}

function waitsFor(vault: Vault): SpaceDetail['waitsFor'] {
  const { state, person, device } = vault.row
  if (state !== 'asked') return undefined
  if (vault.recovery() !== undefined) return 'keeper'
  return person === undefined || person === device ? 'admin' : 'device'
}

/** What the person of a device calls themselves; undefined when nothing is known of them. */
function nameOf({ persons, content }: Vault, device: string): string | undefined {
  const person = persons.personOf(device)
  return person === undefined ? undefined : content.get('profile', personTag(person))?.fields.name
}

/** What they wrote stays, and so does whose it was. */
function formerOf({ content, state }: Vault): SpaceDetail['former'] {
  const { persons } = state()
  return content
    .list('profile')
    .flatMap(({ by: person, fields: { name = '' } }) =>
      persons.has(person) || name === '' ? [] : [{ person, name }],
    )
}

async function personsOf(open: OpenSpace): Promise<SpacePerson[]> {
  const { space, vault } = open
  const state = vault.state()
  const self = selfOf(vault)
  const owner = vault.founder()
  const here = new Set(open.presence.list().map(({ device }) => device))
  const lastAt = async (device: string): Promise<number | undefined> => {
    const head = await vault.store.head(formatSpaceRepo({ space, author: device }))
    const micros = head === undefined ? undefined : parseTid(head.rev)?.micros
    return micros === undefined ? undefined : Math.round(micros / 1000)
  }
  const all = [...state.persons].map(async ([person, { role, devices, via }]): Promise<SpacePerson> => {
    const profile = vault.content.get('profile', personTag(person))?.fields
    const link = via === null ? undefined : state.links.find(({ operation }) => operation === via)
    return {
      person,
      name: profile?.name ?? '',
      picture: profile?.picture,
      // persons without a role are not among them
      role: role as SpaceRole,
      isSelf: person === self,
      isOwner: person === owner,
      devices: await Promise.all(
        devices.map(async (device) => ({
          device,
          isSelf: device === vault.device().id,
          isRecovery: open.isRecovery(device),
          lastAt: await lastAt(device),
          here: device === vault.device().id || here.has(device),
        })),
      ),
      via: link === undefined ? undefined : { link: link.record.link, by: link.record.by },
      account:
        typeof profile?.account === 'string'
          ? { did: profile.account, ...open.accounts.of(person) }
          : undefined,
      repos: profile?.repos ?? [],
      keeps: (profile?.keeps ?? []).map(({ did }) => did),
    }
  })
  return Promise.all(all)
}
