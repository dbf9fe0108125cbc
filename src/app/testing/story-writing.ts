import type { Draft, DraftQueue, RecordCheck, RichText, Writing } from '../../cairn/api.ts'
import { MIRELA, NOW } from './story-data.ts'
import type { Note } from './story-network.ts'

export interface WritingStory {
  readonly drafts?: readonly Draft[]
  readonly trouble?: DraftQueue['trouble']
  readonly check?: RecordCheck
  readonly rich?: RichText
  /** how long keeping takes */
  readonly saving?: Promise<void>
}

const draft = (id: string, collection: string, rkey: string, more: Partial<Draft>): Draft => ({
  id,
  did: MIRELA,
  path: `${collection}/${rkey}`,
  collection,
  rkey,
  uri: `at://${MIRELA}/${collection}/${rkey}`,
  action: 'create',
  value: undefined,
  cid: undefined,
  status: 'waiting',
  reason: undefined,
  theirs: undefined,
  waitsFor: undefined,
  mentions: [],
  madeAt: NOW - 60_000,
  changedAt: NOW - 60_000,
  ...more,
})

const post = (text: string) => ({
  $type: 'app.bsky.feed.post',
  text,
  createdAt: new Date(NOW).toISOString(),
})

/** A draft in each state that screens must show. */
export const DRAFTS: readonly Draft[] = [
  draft('3a', 'app.bsky.feed.post', '3m7writing2a2a', {
    value: post('Snow on the pass, first of the year.'),
  }),
  draft('3b', 'app.bsky.actor.profile', 'self', {
    action: 'update',
    status: 'conflict',
    value: { displayName: 'Mirela at the hut', description: 'Stone walls, fog.' },
    theirs: { cid: 'bafyother', value: { displayName: 'Mirela in town', description: 'Stone walls.' } },
  }),
  draft('3c', 'app.bsky.feed.post', '3m7writing2c2c', {
    status: 'refused',
    value: post('A very long story. '.repeat(18)),
    reason: {
      code: 'writing.refused',
      fields: {
        host: 'pds.example.org',
        message: 'Record/text must not be longer than 300 graphemes',
        status: 400,
      },
    },
  }),
  draft('3d', 'app.bsky.feed.post', '3m7writing2d2d', {
    status: 'blocked',
    waitsFor: 'app.bsky.feed.post/3m7writing2c2c',
    value: post('And how it ended.'),
  }),
  draft('3e', 'app.bsky.feed.like', '3m7writing2e2e', { action: 'delete', status: 'sent' }),
  draft('3f', 'app.bsky.feed.post', '3m7writing2f2f', { status: 'held', value: post('Maybe tomorrow') }),
]

export function storyWriting(
  note: Note,
  { drafts = [], trouble, check, rich = { facets: [], mentions: [] }, saving }: WritingStory,
): Writing {
  const of = (did: string) => drafts.filter((it) => it.did === did)
  return {
    queue: async (did) => ({ drafts: of(did), sending: false, trouble, nextTryAt: undefined }),
    counts: async () => [],
    draft: async (did, path) => of(did).find((it) => it.path === path),
    async save(input) {
      await note('save', undefined)(input)
      await saving
      return undefined
    },
    discard: note('discard', undefined),
    insist: note('insist', undefined),
    send: note('send', undefined),
    richText: async () => rich,
    check: async () => check ?? { verdict: 'sound', problem: undefined, bytes: 120 },
  }
}
