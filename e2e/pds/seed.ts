import type { Account, BlobRef, MediaKind, Pds, Write } from './client.ts'

/** The alphabet that sorts as its numbers do: https://atproto.com/specs/tid */
const TID_ALPHABET = '234567abcdefghijklmnopqrstuvwxyz'

/** A TID of a made-up clock that starts in January 2025 and ticks once a minute. */
export function tid(tick: number): string {
  let value = ((1_735_700_000_000_000n + BigInt(tick) * 60_000_000n) << 10n) | 7n
  let text = ''
  for (let i = 0; i < 13; i++) {
    text = TID_ALPHABET.charAt(Number(value & 31n)) + text
    value >>= 5n
  }
  return text
}

const at = (tick: number): string => new Date(1_735_700_000_000 + tick * 60_000).toISOString()

export const create = (collection: string, rkey: string, value: object): Write => ({
  $type: 'com.atproto.repo.applyWrites#create',
  collection,
  rkey,
  value: { $type: collection, ...value },
})
export const update = (collection: string, rkey: string, value: object): Write => ({
  $type: 'com.atproto.repo.applyWrites#update',
  collection,
  rkey,
  value: { $type: collection, ...value },
})
export const remove = (collection: string, rkey: string): Write => ({
  $type: 'com.atproto.repo.applyWrites#delete',
  collection,
  rkey,
})

export const post = (tick: number, text: string, more: object = {}): Write =>
  create('app.bsky.feed.post', tid(tick), { text, createdAt: at(tick), ...more })

const WORDS = [
  'granite',
  'basalt',
  'slate',
  'moss',
  'summit',
  'ridge',
  'fog',
  'lantern',
  'harbour',
  'orchard',
  'compass',
]

export interface SeedSize {
  readonly posts: number
  readonly likes: number
  readonly follows: number
  readonly images: number
}

/** 1,200 records and more, 40 image blobs, an HTML and an SVG blob; every lexicon that has a card. */
export const LARGE: SeedSize = { posts: 800, likes: 300, follows: 120, images: 40 }
export const SMALL: SeedSize = { posts: 20, likes: 5, follows: 3, images: 4 }

/** A post that only this search finds, with accents and CJK around it. */
export const NEEDLE = 'Quartzite cairn above the fjord, Ålesund 山の石塚'

/**
 * Makes an account and fills it through the PDS's own API. Ticks from 500,000 on are left to tests.
 */
export async function seedAccount(pds: Pds, handle: string, size: SeedSize = SMALL): Promise<Account> {
  const account = await pds.call('createAccount', { handle })
  const { did } = account
  const kinds: readonly MediaKind[] = ['png', 'jpeg', 'webp', 'gif']
  const upload = (kind: MediaKind, seed: number, side?: number): Promise<BlobRef> =>
    pds.call('uploadBlob', { did, kind, seed, ...(side === undefined ? {} : { side }) })
  const [html, svg, avatar, ...images] = await Promise.all([
    upload('html', 1),
    upload('svg', 1),
    upload('png', 99, 96),
    ...Array.from({ length: size.images }, (_, i) => upload(kinds[i % 4] ?? 'png', i + 1)),
  ])

  const writes: Write[] = [
    create('app.bsky.actor.profile', 'self', {
      displayName: 'Ada of the Hills',
      description: 'Walks, stones, weather.',
      avatar,
      createdAt: at(0),
    }),
  ]
  for (let i = 0; i < size.posts; i++) {
    const image = images[i]
    const embed = image && {
      embed: { $type: 'app.bsky.embed.images', images: [{ alt: `Stone ${i}`, image }] },
    }
    writes.push(
      post(i, `Walk ${i}: ${WORDS[i % 11]} and ${WORDS[(i * 7 + 3) % 11]} under the old path`, embed ?? {}),
    )
  }
  writes.push(post(size.posts, NEEDLE))
  const target = {
    uri: `at://${did}/app.bsky.feed.post/${tid(0)}`,
    cid: images[0]?.ref.$link ?? html.ref.$link,
  }
  for (let i = 0; i < size.likes; i++) {
    writes.push(create('app.bsky.feed.like', tid(10_000 + i), { subject: target, createdAt: at(10_000 + i) }))
  }
  for (let i = 0; i < size.follows; i++) {
    const subject = `did:plc:${i
      .toString()
      .replaceAll(/[0189]/g, 'x')
      .padStart(24, 'a')}`
    writes.push(create('app.bsky.graph.follow', tid(20_000 + i), { subject, createdAt: at(20_000 + i) }))
  }
  writes.push(...oneOfEach(did, target, { html, svg }))
  await pds.call('applyWrites', { did, writes })
  return account
}

/** One record of each remaining lexicon with a card, and one that no one knows. */
function oneOfEach(
  did: string,
  target: { uri: string; cid: string },
  blobs: { html: BlobRef; svg: BlobRef },
): Write[] {
  const list = `at://${did}/app.bsky.graph.list/${tid(30_001)}`
  return [
    post(30_000, 'Yes, the one by the bridge.', { reply: { root: target, parent: target } }),
    post(30_006, 'Worth quoting.', { embed: { $type: 'app.bsky.embed.record', record: target } }),
    create('app.bsky.feed.repost', tid(30_000), { subject: target, createdAt: at(30_000) }),
    create('app.bsky.graph.block', tid(30_000), { subject: did, createdAt: at(30_000) }),
    create('app.bsky.graph.list', tid(30_001), {
      name: 'Stone people',
      purpose: 'app.bsky.graph.defs#curatelist',
      createdAt: at(30_001),
    }),
    create('app.bsky.graph.listitem', tid(30_002), { subject: did, list, createdAt: at(30_002) }),
    create('app.bsky.graph.starterpack', tid(30_003), { name: 'Start here', list, createdAt: at(30_003) }),
    create('app.bsky.feed.threadgate', tid(0), { post: target.uri, allow: [], createdAt: at(30_004) }),
    create('app.bsky.feed.generator', 'stones', {
      did,
      displayName: 'Stones of today',
      createdAt: at(30_005),
    }),
    create('com.example.shelf', 'page', { title: 'An unknown lexicon', pages: [1, 2], file: blobs.html }),
    create('com.example.shelf', 'drawing', { title: 'A drawing', file: blobs.svg }),
  ]
}
