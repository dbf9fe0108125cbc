import { describe, expect, it } from 'vitest'
import { countGraphemes } from '../../lib/graphemes.ts'
import { postRecord, type PostParts } from './post-record.ts'

const plain: PostParts = {
  text: 'Fog',
  rich: { facets: [], mentions: [] },
  langs: [],
  images: [],
  reply: undefined,
  quote: undefined,
  createdAt: '2026-11-01T10:00:00.000Z',
}
const subject = { uri: 'at://did:plc:a/app.bsky.feed.post/1', cid: 'bafyone', value: {} }
const image = { image: { $type: 'blob' }, alt: 'A ridge', aspectRatio: { width: 4, height: 3 } }

describe('a post', () => {
  it('has no field that says nothing', () => {
    expect(postRecord(plain)).toEqual({
      $type: 'app.bsky.feed.post',
      text: 'Fog',
      createdAt: '2026-11-01T10:00:00.000Z',
    })
  })

  it('answers its parent in the thread that the parent is in', () => {
    const { uri, cid } = subject
    expect(postRecord({ ...plain, reply: subject })).toMatchObject({
      reply: { root: { uri, cid }, parent: { uri, cid } },
    })
    const root = { uri: 'at://did:plc:b/app.bsky.feed.post/0', cid: 'bafyroot' }
    const inThread = { ...subject, value: { reply: { root, parent: root } } }
    expect(postRecord({ ...plain, reply: inThread })).toMatchObject({ reply: { root, parent: { uri, cid } } })
  })

  it('carries images, a quote, or both', () => {
    const images = { $type: 'app.bsky.embed.images', images: [image] }
    const { uri, cid } = subject
    const record = { $type: 'app.bsky.embed.record', record: { uri, cid } }
    expect(postRecord({ ...plain, images: [image] })).toMatchObject({ embed: images })
    expect(postRecord({ ...plain, quote: subject })).toMatchObject({ embed: record })
    expect(postRecord({ ...plain, images: [image], quote: subject })).toMatchObject({
      embed: { $type: 'app.bsky.embed.recordWithMedia', media: images, record },
    })
  })

  it('is counted as people count', () => {
    expect(countGraphemes('👩‍👩‍👧‍👦🇩🇪é')).toBe(3)
    expect(countGraphemes('')).toBe(0)
  })
})
