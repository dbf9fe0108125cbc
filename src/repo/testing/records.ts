import { CidLinkWrapper } from '@atcute/cid'
import { cidText, CODEC_DAG_CBOR, CODEC_RAW } from './cid.ts'
import { createTestDid } from './keys.ts'
import type { Prng } from './prng.ts'
import { makeText } from './text.ts'

/** A record before it is encoded. */
export interface DraftRecord {
  readonly collection: string
  /** undefined: a TID of the moment it was made */
  readonly rkey: string | undefined
  readonly value: Record<string, unknown>
}

interface StrongRef {
  readonly uri: string
  readonly cid: string
}

export interface RecordMaker {
  /** The record of this moment; `textBytes` is the mean length of a post's text. */
  make(index: number, createdAt: Date, textBytes: number): DraftRecord
  /** Tells of a post just made, so that later ones can answer or quote it. */
  remember(post: StrongRef): void
}

/** What a person's account holds, in the shares seen in real ones. */
const SHARES: readonly (readonly [share: number, kind: Kind])[] = [
  [0.6, 'like'],
  [0.2, 'post'],
  [0.08, 'follow'],
  [0.07, 'repost'],
  [0.018, 'block'],
  [0.01, 'listitem'],
  [0.003, 'threadgate'],
  [0.002, 'list'],
  [0.001, 'starterpack'],
  [0.001, 'generator'],
  [0.015, 'unknown'],
]
type Kind =
  | 'like'
  | 'post'
  | 'follow'
  | 'repost'
  | 'block'
  | 'listitem'
  | 'threadgate'
  | 'list'
  | 'starterpack'
  | 'generator'
  | 'unknown'

/** Accounts that this one knows; the first of them are met most. */
const ACQUAINTANCES = 3000
/** Own posts that a later one may answer. */
const REMEMBERED = 64

export function createRecordMaker(prng: Prng, did: string): RecordMaker {
  const others = Array.from({ length: ACQUAINTANCES }, () => createTestDid(prng))
  const own: StrongRef[] = []

  const someone = (): string => others[Math.floor(prng.float() ** 3 * others.length)] ?? did
  const strangerCid = (): string => cidText(randomCid(prng, CODEC_DAG_CBOR))
  const elsewhere = (collection = 'app.bsky.feed.post'): StrongRef => ({
    uri: `at://${someone()}/${collection}/${randomTid(prng)}`,
    cid: strangerCid(),
  })
  const blob = (mimeType: string, largest: number): unknown => ({
    $type: 'blob',
    ref: new CidLinkWrapper(randomCid(prng, CODEC_RAW)),
    mimeType,
    size: 2_000 + prng.int(largest),
  })
  const target = (): StrongRef => (own.length > 0 && prng.chance(0.25) ? prng.pick(own) : elsewhere())

  const embed = (): unknown => {
    const roll = prng.float()
    if (roll < 0.5) {
      const images = Array.from({ length: 1 + prng.int(4) }, () => ({
        alt: makeText(prng, prng.chance(0.5) ? 60 : 0).text,
        image: blob('image/jpeg', 900_000),
        aspectRatio: { width: 1 + prng.int(4000), height: 1 + prng.int(3000) },
      }))
      return { $type: 'app.bsky.embed.images', images }
    }
    if (roll < 0.8) {
      const external = {
        uri: `https://example.com/${randomTid(prng)}?q=${prng.int(1e6)}`,
        title: makeText(prng, 40).text,
        description: makeText(prng, 100).text,
        ...(prng.chance(0.7) ? { thumb: blob('image/jpeg', 300_000) } : {}),
      }
      return { $type: 'app.bsky.embed.external', external }
    }
    if (roll < 0.95) return { $type: 'app.bsky.embed.record', record: target() }
    return { $type: 'app.bsky.embed.video', video: blob('video/mp4', 20_000_000), alt: '' }
  }

  const post = (createdAt: string, textBytes: number): Record<string, unknown> => {
    // a few long ones carry much of the weight, as in real accounts
    const { text, langs } = makeText(prng, Math.round(textBytes * (0.2 + 1.6 * prng.float())))
    const root = target()
    const parent = prng.chance(0.5) ? root : target()
    return {
      $type: 'app.bsky.feed.post',
      text,
      langs,
      createdAt,
      ...(prng.chance(0.45) ? { reply: { root, parent } } : {}),
      ...(prng.chance(0.25) ? { embed: embed() } : {}),
      ...(prng.chance(0.15) ? { facets: [facet(text)] } : {}),
      ...(prng.chance(0.02) ? { tags: ['cairn', 'Steine', '石'] } : {}),
    }
  }

  const facet = (text: string): unknown => {
    const end = Math.min(text.length, 4 + prng.int(20))
    const feature = prng.chance(0.5)
      ? { $type: 'app.bsky.richtext.facet#mention', did: someone() }
      : { $type: 'app.bsky.richtext.facet#link', uri: `https://example.org/${randomTid(prng)}` }
    return { index: { byteStart: 0, byteEnd: end }, features: [feature] }
  }

  const makers: Record<Kind, (createdAt: string, textBytes: number) => Record<string, unknown>> = {
    like: (createdAt) => ({ $type: 'app.bsky.feed.like', subject: elsewhere(), createdAt }),
    post,
    follow: (createdAt) => ({ $type: 'app.bsky.graph.follow', subject: someone(), createdAt }),
    repost: (createdAt) => ({ $type: 'app.bsky.feed.repost', subject: elsewhere(), createdAt }),
    block: (createdAt) => ({ $type: 'app.bsky.graph.block', subject: someone(), createdAt }),
    listitem: (createdAt) => ({
      $type: 'app.bsky.graph.listitem',
      subject: someone(),
      list: `at://${did}/app.bsky.graph.list/${randomTid(prng)}`,
      createdAt,
    }),
    threadgate: (createdAt) => ({
      $type: 'app.bsky.feed.threadgate',
      post: target().uri,
      allow: [{ $type: 'app.bsky.feed.threadgate#mentionRule' }],
      createdAt,
    }),
    list: (createdAt) => ({
      $type: 'app.bsky.graph.list',
      purpose: 'app.bsky.graph.defs#curatelist',
      name: makeText(prng, 16).text,
      description: makeText(prng, 120).text,
      createdAt,
    }),
    starterpack: (createdAt) => ({
      $type: 'app.bsky.graph.starterpack',
      name: makeText(prng, 20).text,
      list: `at://${did}/app.bsky.graph.list/${randomTid(prng)}`,
      feeds: [{ uri: elsewhere('app.bsky.feed.generator').uri }],
      createdAt,
    }),
    generator: (createdAt) => ({
      $type: 'app.bsky.feed.generator',
      did: 'did:web:feed.example.com',
      displayName: makeText(prng, 18).text,
      avatar: blob('image/png', 90_000),
      createdAt,
    }),
    unknown: (createdAt) => ({
      $type: 'com.example.journal.entry',
      title: makeText(prng, 24).text,
      words: prng.int(2000) - 1000,
      done: prng.chance(0.5),
      mood: null,
      seal: { $bytes: 'AAECAwQFBgcICQ' },
      nested: { deep: [[1, 2, [3, [-4]]], {}, { käse: '🧀' }] },
      createdAt,
    }),
  }
  const collections: Record<Kind, string> = {
    like: 'app.bsky.feed.like',
    post: 'app.bsky.feed.post',
    follow: 'app.bsky.graph.follow',
    repost: 'app.bsky.feed.repost',
    block: 'app.bsky.graph.block',
    listitem: 'app.bsky.graph.listitem',
    threadgate: 'app.bsky.feed.threadgate',
    list: 'app.bsky.graph.list',
    starterpack: 'app.bsky.graph.starterpack',
    generator: 'app.bsky.feed.generator',
    unknown: 'com.example.journal.entry',
  }

  return {
    make: (index, date, textBytes) => {
      const createdAt = date.toISOString()
      if (index === 0) return profile(prng, blob, createdAt)
      let roll = prng.float()
      const kind = SHARES.find(([share]) => (roll -= share) < 0)?.[1] ?? 'like'
      const rkey = kind === 'unknown' && prng.chance(0.5) ? `Day-${index}:${prng.int(99)}.txt~_` : undefined
      return { collection: collections[kind], rkey, value: makers[kind](createdAt, textBytes) }
    },
    remember: (made) => {
      if (own.length < REMEMBERED) own.push(made)
      else own[prng.int(REMEMBERED)] = made
    },
  }
}

function profile(
  prng: Prng,
  blob: (mime: string, largest: number) => unknown,
  createdAt: string,
): DraftRecord {
  const value = {
    $type: 'app.bsky.actor.profile',
    displayName: makeText(prng, 14).text,
    description: makeText(prng, 90).text,
    avatar: blob('image/jpeg', 300_000),
    banner: blob('image/jpeg', 900_000),
    createdAt,
  }
  return { collection: 'app.bsky.actor.profile', rkey: 'self', value }
}

function randomCid(prng: Prng, codec: number): Uint8Array {
  const cid = prng.bytes(36)
  cid.set([1, codec, 0x12, 32])
  return cid
}

const TID_DIGITS = '234567abcdefghijklmnopqrstuvwxyz'

function randomTid(prng: Prng): string {
  let tid = '3'
  for (let i = 1; i < 13; i++) tid += TID_DIGITS[prng.int(32)]
  return tid
}
