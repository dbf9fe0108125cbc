import type { CairnEvent, LiveServer, PublishedAgreement, Publishing } from '../../cairn/api.ts'
import { CairnError } from '../../core/errors.ts'
import { JUN, MIRELA, NOW, ROSA } from './story-data.ts'
import type { Note } from './story-network.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** Servers of accounts, in every state. */
export const LIVE: readonly LiveServer[] = [
  {
    service: 'https://morel.us-east.host.bsky.network',
    repos: 4,
    state: 'busy',
    nextTryAt: Date.now() + 50 * MINUTE,
    heardAt: NOW - 10 * MINUTE,
  },
  {
    service: 'https://pds.garden.example',
    repos: 3,
    state: 'live',
    nextTryAt: undefined,
    heardAt: NOW - 4000,
  },
  {
    service: 'https://pds.attic.example',
    repos: 1,
    state: 'waiting',
    nextTryAt: Date.now() + 40_000,
    heardAt: undefined,
  },
]

const published = (more: Partial<PublishedAgreement>): PublishedAgreement => ({
  ours: MIRELA,
  theirs: JUN,
  handle: 'jun.example',
  state: 'active',
  minCopies: 2,
  intervalSec: 600,
  priority: 50,
  devices: 2,
  createdAt: NOW - 9 * DAY,
  readAt: NOW - 4 * MINUTE,
  endedBy: undefined,
  waiting: false,
  error: undefined,
  ...more,
})

/** What was published with others, in every state. */
export const PUBLISHED: readonly PublishedAgreement[] = [
  published({}),
  published({ theirs: ROSA, handle: 'rosa.example', state: 'incoming', devices: 1 }),
  published({ theirs: 'did:plc:one23456789way23456789wa', handle: undefined, state: 'one-way', devices: 0 }),
  published({
    theirs: 'did:plc:two23456789way23456789wa',
    handle: 'tove.example',
    state: 'offered',
    devices: 0,
    waiting: true,
    error: { code: 'pds.timeout', fields: { host: 'pds.garden.example', ms: 20_000 } },
  }),
  published({
    theirs: 'did:plc:end23456789way23456789wa',
    state: 'ended',
    endedBy: 'them',
    handle: 'kai.example',
  }),
]

/** Published agreements with invented content. What changes something is noted. */
export function storyPublishing(
  note: Note,
  emit: (event: CairnEvent) => void,
  list: readonly PublishedAgreement[],
): Publishing {
  const consenting = new Set<string>()
  return {
    published: async () => list,
    publish: async (input) => {
      await note('publish', undefined)(input.ours, input.theirs)
      if (!input.theirs.includes('.')) throw new CairnError('agreement.invalid', { reason: 'repo' })
      return published({ theirs: 'did:plc:new23456789way23456789wa', handle: input.theirs, state: 'offered' })
    },
    endPublished: note('endPublished', undefined),
    findPublished: async (who) => {
      await note('findPublished', undefined)(who)
      return { did: ROSA, handle: who, consents: true, offersTo: [MIRELA], devices: 1 }
    },
    consent: async (did) => ({
      consents: consenting.has(did),
      waiting: consenting.has(did),
      error: undefined,
    }),
    setConsent: async (did, consent) => {
      await note('setConsent', undefined)(did, consent)
      if (consent) consenting.add(did)
      else consenting.delete(did)
      emit({ type: 'agreements' })
    },
  }
}
