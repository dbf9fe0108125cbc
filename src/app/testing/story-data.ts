import type { CollectionSummary, RecordItem, RepoSummary, SnapshotSummary } from '../../cairn/api.ts'

/** Invented accounts in the states that screens must show. Times are counted back from `NOW`. */
export const NOW = Date.UTC(2026, 10, 20, 10, 42)
const MINUTE = 60_000
const DAY = 86_400_000

export const MIRELA = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
export const JUN = 'did:plc:ragtjsm2j2vknwkz3zp4oxrd'
export const CHOIR = 'did:plc:oky5czdrnfjpqslsw2a5iclo'
export const ROSA = 'did:plc:l3rouwludahu3ui3bt66mfvj'
export const CUT = 'did:web:localhost%3A2583'

export const PICTURE = 'bafkreicysg23kiwv2eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am'
export const FILE = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const cid = (seed: number) =>
  `bafyrei${seed.toString(36).padStart(6, 'q')}kw6vk7z2m4xq3jv5lhy4dnsu2oq7reg4pcm3hbt6zfaslwyxi`

const collections = (counts: readonly (readonly [string, number, number])[]): CollectionSummary[] =>
  counts.map(([nsid, records, bytes]) => ({ nsid, records, bytes }))

const MIRELA_COLLECTIONS = collections([
  ['app.bsky.feed.post', 8_412, 6_100_000],
  ['app.bsky.feed.like', 131_077, 39_800_000],
  ['app.bsky.graph.follow', 1_204, 400_000],
  ['app.bsky.feed.repost', 690, 210_000],
  ['app.bsky.graph.list', 6, 2_400],
  ['app.bsky.actor.profile', 1, 620],
  ['org.garden.recipe', 96, 1_200_000],
])

function snapshot(
  id: string,
  daysAgo: number,
  records: number,
  more: Partial<SnapshotSummary> = {},
): SnapshotSummary {
  return {
    id,
    rev: `3m7q${id}xkd2k4s`,
    commit: cid(1),
    root: cid(2),
    version: 3,
    records,
    recordBytes: records * 340,
    collections: MIRELA_COLLECTIONS,
    signature: 'current-key',
    signedBy: 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme',
    takenAt: NOW - daysAgo * DAY,
    verifiedAt: NOW - daysAgo * DAY - 2 * MINUTE,
    source: 'pds',
    ...more,
  }
}

export const SNAPSHOTS: readonly SnapshotSummary[] = [
  snapshot('d', 0, 141_486),
  snapshot('c', 1, 141_473),
  snapshot('b', 9, 140_002, { signature: 'past-key' }),
  snapshot('a', 61, 132_118, { source: 'file', signature: 'unchecked', signedBy: undefined }),
]

function repo(did: string, more: Partial<RepoSummary>): RepoSummary {
  const head = more.head ?? snapshot('d', 0, more.records ?? 0)
  return {
    did,
    handle: undefined,
    label: undefined,
    displayName: undefined,
    avatar: undefined,
    records: 0,
    recordBytes: 0,
    storedBytes: 0,
    blobs: { referenced: 0, kept: 0, keptBytes: 0, missing: 0, skipped: 0 },
    snapshots: 1,
    head,
    upstream: { status: 'active', checkedAt: NOW - 2 * MINUTE, pds: 'https://pds.garden.example' },
    retention: { keep: 'all' },
    addedAt: NOW - 61 * DAY,
    job: undefined,
    unfinished: undefined,
    ...more,
  }
}

export const REPOS: readonly RepoSummary[] = [
  repo(MIRELA, {
    displayName: 'Mirela Okafor',
    handle: 'mirela.garden',
    avatar: PICTURE,
    records: 141_486,
    storedBytes: 61_400_000,
    snapshots: 4,
    blobs: { referenced: 312, kept: 309, keptBytes: 12_300_000, missing: 2, skipped: 1 },
    head: SNAPSHOTS[0],
  }),
  repo(JUN, { displayName: 'Jun Haru', handle: 'jun.example', records: 79_204, storedBytes: 28_400_000 }),
  repo(CHOIR, {
    displayName: 'Tidewater Choir',
    handle: 'tidewater.choir',
    records: 2_904,
    storedBytes: 3_100_000,
    blobs: { referenced: 88, kept: 88, keptBytes: 2_000_000, missing: 0, skipped: 0 },
  }),
  repo(ROSA, {
    displayName: 'Rosa Lind',
    handle: 'rosa.old-host.net',
    records: 9_120,
    storedBytes: 5_800_000,
    blobs: { referenced: 41, kept: 41, keptBytes: 900_000, missing: 0, skipped: 0 },
    head: snapshot('d', 17, 9_120),
    upstream: { status: 'not-found', checkedAt: NOW - DAY, pds: 'https://old-host.example' },
  }),
  {
    ...repo(CUT, {
      label: '@tess.example',
      storedBytes: 12_000_000,
      unfinished: { since: NOW - DAY, bytes: 12_000_000 },
    }),
    head: undefined,
    snapshots: 0,
  },
]

const WORDS = [
  'the boathouse',
  'seed potatoes',
  'a second coat of limewash',
  'the number 14 bus',
  'Tomás’s letter',
  '種を蒔く',
  'Zwetschgenröster',
  'مرحبا بالعالم',
]

/** Any record of any collection by its place, newest first: nothing is stored, as many as one likes. */
export function recordAt(did: string, collection: string, index: number): RecordItem {
  const rkey = collection.endsWith('profile')
    ? 'self'
    : `3m${(5_000_000 - index).toString(32).padStart(6, 'a')}k2s`
  const createdAt = new Date(NOW - index * 47 * MINUTE).toISOString()
  return {
    path: `${collection}/${rkey}`,
    collection,
    rkey,
    cid: cid(index + 10),
    bytes: 357,
    value: valueAt(did, collection, index, createdAt),
  }
}

function valueAt(did: string, collection: string, index: number, createdAt: string): unknown {
  const base = { $type: collection, createdAt }
  const post = (n: number) => ({
    uri: `at://${JUN}/app.bsky.feed.post/3m${(9_000_000 - n).toString(32)}k2s`,
    cid: cid(n),
  })
  const word = WORDS[index % WORDS.length] ?? ''
  switch (collection) {
    case 'app.bsky.feed.post':
      return { ...base, ...postAt(index, word, post) }
    case 'app.bsky.feed.like':
    case 'app.bsky.feed.repost':
      return { ...base, subject: post(index) }
    case 'app.bsky.graph.follow':
      return { ...base, subject: index % 2 === 0 ? JUN : CHOIR }
    case 'app.bsky.graph.list':
      return {
        ...base,
        name: `People of ${word}`,
        purpose: 'app.bsky.graph.defs#curatelist',
        description: 'Who comes when it rains too.',
      }
    case 'app.bsky.actor.profile':
      return {
        ...base,
        displayName: 'Mirela Okafor',
        description: 'Allotment 14, alto, bad at chess.\nIbadan → Rijeka.',
        avatar: { $type: 'blob', ref: { $link: PICTURE }, mimeType: 'image/png', size: 1_204 },
      }
    default:
      return {
        ...base,
        title: `Soup with ${word}`,
        serves: 4 + (index % 3),
        steps: ['Chop everything.', 'Simmer for an hour.', { note: 'or two', minutes: [60, 120] }],
        source: `https://garden.example/recipes/${index}`,
        cook: did,
        photo: { $type: 'blob', ref: { $link: PICTURE }, mimeType: 'image/png', size: 1_204 },
      }
  }
}

function postAt(index: number, word: string, ref: (n: number) => { uri: string; cid: string }): object {
  const image = { $type: 'blob', ref: { $link: PICTURE }, mimeType: 'image/png', size: 1_204 }
  switch (index % 7) {
    case 0: {
      const text = `Put in ${word} this morning. Notes at garden.example, thanks @jun.example 🌱`
      const at = (part: string) => {
        const byteStart = new TextEncoder().encode(text.slice(0, text.indexOf(part))).length
        return { byteStart, byteEnd: byteStart + new TextEncoder().encode(part).length }
      }
      return {
        text,
        facets: [
          {
            index: at('garden.example'),
            features: [{ $type: 'app.bsky.richtext.facet#link', uri: 'https://garden.example/' }],
          },
          { index: at('@jun.example'), features: [{ $type: 'app.bsky.richtext.facet#mention', did: JUN }] },
        ],
      }
    }
    case 1:
      return { text: `Yes, and ${word} as well.`, reply: { parent: ref(index), root: ref(index) } }
    case 2:
      return {
        text: `Still life with ${word}.`,
        embed: {
          $type: 'app.bsky.embed.images',
          images: [{ image, alt: 'A table by a window, late light' }],
        },
      }
    case 3:
      return {
        text: 'Worth an evening.',
        embed: {
          $type: 'app.bsky.embed.external',
          external: {
            uri: 'https://garden.example/compost',
            title: 'On compost',
            description: 'What forty years of one heap taught three neighbours about patience.',
            thumb: image,
          },
        },
      }
    case 4:
      return {
        text: `More people should read this about ${word}.`,
        embed: { $type: 'app.bsky.embed.record', record: ref(index) },
      }
    case 5:
      return {
        text: `The last week of ${word}, all of it, in order, and without the part where the ladder fell.\n\nFirst the frost, then the thaw, then the frost again.`,
        embed: {
          $type: 'app.bsky.embed.video',
          video: { $type: 'blob', ref: { $link: FILE }, mimeType: 'video/mp4', size: 8_400_000 },
        },
      }
    // not what the lexicon says: must fall back to JSON
    default:
      return { text: 42, langs: ['en'] }
  }
}
