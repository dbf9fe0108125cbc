import type {
  Agreement,
  CairnEvent,
  Copy,
  KeepLink,
  Network,
  NetworkSettings,
  NetworkStatus,
  PeerStatus,
  PublishedAgreement,
  RelayStatus,
  TransferStatus,
} from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { formatTid } from '../../core/tid.ts'
import { CHOIR, JUN, MIRELA, NOW, ROSA } from './story-data.ts'
import { keepPart, storeOf } from './story-parts.ts'
import { LIVE, PUBLISHED, storyPublishing } from './story-published.ts'
import { AGREEMENTS, JUNS, STRANGER, TOVES } from './story-agreements.ts'

export { AGREEMENTS, JUNS, STRANGER, TOVES }

export type Note = <T>(path: string, value: T) => (...args: unknown[]) => Promise<T>

const MINUTE = 60_000
const DAY = 86_400_000

const SELF = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const OWN_RELAY = '12D3KooWLJtG8fd2hkQzTn96MrLvThmnNQjTUFZwGEsLRz5EmSzc'
const FAR_RELAY = '12D3KooWSHj3RRbBjD15g6wekV8y3mm57Pobmps2g2WJm6F67Lay'

const relay = (url: string, more: Partial<RelayStatus>): RelayStatus => ({
  url,
  state: 'connected',
  peer: undefined,
  latency: undefined,
  store: false,
  own: false,
  since: undefined,
  nextTryAt: undefined,
  error: undefined,
  ...more,
})

export const RELAYS: readonly RelayStatus[] = [
  relay('https://cairn.garden.example/', {
    peer: OWN_RELAY,
    latency: 24,
    store: true,
    own: true,
    since: NOW - 40 * MINUTE,
  }),
  relay('https://relay.tidewater.example/', {
    peer: FAR_RELAY,
    state: 'refused',
    error: { code: 'net.refused', fields: { peer: FAR_RELAY, reason: 'resource_limit_exceeded' } },
    nextTryAt: Date.now() + 95_000,
  }),
  relay('https://attic.example/cairn/', {
    state: 'unreachable',
    error: { code: 'net.unreachable', fields: { peer: 'https://attic.example/cairn/', tried: 1 } },
    nextTryAt: Date.now() + 12_000,
  }),
]

const peer = (id: string, more: Partial<PeerStatus>): PeerStatus => ({
  peer: id,
  name: undefined,
  path: 'direct',
  address: '/webrtc',
  kind: 'device',
  shared: [],
  since: NOW - 12 * MINUTE,
  received: 0,
  sent: 0,
  whyRelayed: undefined,
  ...more,
})

export const PEERS: readonly PeerStatus[] = [
  peer(JUNS, { name: 'Jun’s laptop', shared: [MIRELA, JUN], received: 41_200_000, sent: 18_900_000 }),
  peer(TOVES, {
    name: 'Tove’s phone',
    path: 'relayed',
    whyRelayed: 'ice-failed',
    shared: [CHOIR],
    received: 310_000,
    sent: 2_900_000,
  }),
  peer(STRANGER, { path: 'relayed', whyRelayed: 'peer-no-webrtc', shared: [MIRELA], sent: 1_204 }),
]

const TRANSFERS: readonly TransferStatus[] = [
  {
    id: 'in-1',
    did: JUN,
    peer: JUNS,
    direction: 'in',
    what: 'changes',
    bytes: 28_400_000,
    totalBytes: 46_000_000,
    rate: 8_600_000,
    timeLeft: 2,
  },
  {
    id: 'out-1',
    did: CHOIR,
    peer: TOVES,
    direction: 'out',
    what: 'repo',
    bytes: 2_900_000,
    totalBytes: undefined,
    rate: 410_000,
    timeLeft: undefined,
  },
]

const tid = (daysAgo: number): string => formatTid((NOW - daysAgo * DAY) * 1000, 7)

const copy = (did: string, id: string, more: Partial<Copy>): Copy => ({
  did,
  peer: id,
  name: undefined,
  kind: 'device',
  rev: tid(0),
  state: 'current',
  answeredAt: NOW - 9 * MINUTE,
  challenge: undefined,
  online: true,
  ...more,
})
const ours = (did: string) => copy(did, SELF, { kind: 'self' })

/** Every state that a copy can be in. */
export const COPIES: Readonly<Record<string, readonly Copy[]>> = {
  [MIRELA]: [
    ours(MIRELA),
    copy(MIRELA, JUNS, { name: 'Jun’s laptop', challenge: { at: NOW - 9 * MINUTE, ok: true, ms: 84 } }),
    copy(MIRELA, OWN_RELAY, { kind: 'store', answeredAt: NOW - 2 * MINUTE }),
  ],
  [CHOIR]: [
    ours(CHOIR),
    copy(CHOIR, TOVES, {
      name: 'Tove’s phone',
      rev: tid(4),
      state: 'behind',
      answeredAt: NOW - 3 * DAY,
      online: false,
    }),
    copy(CHOIR, JUNS, {
      name: 'Jun’s laptop',
      challenge: { at: NOW - 40 * MINUTE, ok: false, code: 'sync.challenge-failed' },
    }),
    copy(CHOIR, STRANGER, { state: 'partial', answeredAt: NOW - 26 * MINUTE }),
    copy(CHOIR, FAR_RELAY, {
      kind: 'store',
      rev: undefined,
      state: 'unknown',
      answeredAt: undefined,
      online: false,
    }),
  ],
  [ROSA]: [ours(ROSA), copy(ROSA, TOVES, { name: 'Tove’s phone', rev: tid(-1), state: 'ahead' })],
}

export interface NetworkStory {
  readonly status?: Partial<NetworkStatus>
  readonly settings?: Partial<NetworkSettings>
  readonly agreements?: readonly Agreement[]
  readonly published?: readonly PublishedAgreement[]
  /** relays that a link names; none: nobody else can open the app's address */
  readonly linkRelays?: readonly string[]
  readonly copies?: Readonly<Record<string, readonly Copy[]>>
  /** without it the store turns everyone away */
  readonly storeToken?: string
}

/** A network with invented content. It answers reads; what changes something is noted, and settings hold. */
export function storyNetwork(
  note: Note,
  emit: (event: CairnEvent) => void,
  story: NetworkStory = {},
): Network {
  let settings: NetworkSettings = {
    enabled: true,
    relayOnly: false,
    stun: ['stun:stun.cloudflare.com:3478'],
    live: true,
    relays: RELAYS.slice(1).map(({ url }) => url),
    ...story.settings,
  }
  const on: NetworkStatus = {
    role: 'leader',
    self: SELF,
    relays: RELAYS,
    peers: PEERS,
    transfers: TRANSFERS,
    live: LIVE,
    direct: 'yes',
    background: 'periodic',
    ...story.status,
  }
  const off: NetworkStatus = {
    ...on,
    role: 'off',
    self: undefined,
    relays: [],
    peers: [],
    transfers: [],
    live: [],
  }
  const agreements = story.agreements ?? AGREEMENTS
  const [first] = AGREEMENTS
  if (first === undefined) throw new Error('the story has no agreements')
  const unlisted = new Set<string>()
  const link = (did: string): KeepLink => {
    const relays = story.linkRelays ?? ['https://cairn.garden.example/']
    const query = new URLSearchParams(relays.map((url) => ['relay', url]))
    query.append('peer', SELF)
    return { did, relays, peers: [SELF], url: `https://cairn.garden.example/#/keep/${did}?${query}` }
  }
  const find = (did: string, id: string): Copy => {
    const found = COPIES[did]?.find((each) => each.peer === id)
    if (found === undefined) throw new CairnError('sync.not-kept', { did })
    return found
  }
  return {
    status: async () => (settings.enabled ? on : off),
    settings: async () => settings,
    setSettings: async (change) => {
      await note('network.setSettings', undefined)(change)
      settings = { ...settings, ...change }
      emit({ type: 'settings' })
      emit({ type: 'network' })
      return settings
    },
    catchUp: note('catchUp', undefined),
    addRelay: async (url) => {
      await note('addRelay', undefined)(url)
      if (!url.includes('relay')) throw new CairnError('net.relay-invalid', { url, reason: 'json' })
      return relay(url, { state: 'connecting' })
    },
    removeRelay: note('removeRelay', undefined),
    namePeer: note('namePeer', undefined),
    copies: async (did, { fresh = false } = {}) => {
      if (fresh) await note('copies', undefined)(did, 'fresh')
      return (story.copies ?? COPIES)[did] ?? []
    },
    challenge: async (did, id) => {
      await note('challenge', undefined)(did, id)
      return find(did, id)
    },
    listed: async (did) => !unlisted.has(did),
    setListed: async (did, listed) => {
      await note('setListed', undefined)(did, listed)
      if (listed) unlisted.delete(did)
      else unlisted.add(did)
      emit({ type: 'copies', did })
    },
    keepLink: async (did) => link(did),
    keep: note('keep', { job: 'j', did: undefined }),
    keepAtStore: storeOf(note, story.storeToken),
    keepCollection: keepPart(note),
    agreements: async () => agreements,
    offer: note('offer', first),
    accept: note('accept', first),
    endAgreement: note('endAgreement', undefined),
    ...storyPublishing(note, emit, story.published ?? PUBLISHED),
  }
}
