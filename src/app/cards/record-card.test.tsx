import fc from 'fast-check'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import { RecordCard } from './record-card.tsx'

const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const AT = `at://${DID}/app.bsky.feed.post/3k2`
const ref = { uri: AT, cid: 'bafyrei' }
const blob = { $type: 'blob', ref: { $link: 'bafkrei' }, mimeType: 'image/png', size: 10 }

// In server rendering no error boundary catches: a card that throws fails its test.
const render = (collection: string, value: unknown) =>
  renderToStaticMarkup(<RecordCard did={DID} collection={collection} value={value} />)
const record = (collection: string, rest: object) =>
  render(collection, { $type: collection, createdAt: '2026-11-03T10:00:00Z', ...rest })

/** A sound record of each known kind, and what its card must say. */
const KNOWN: readonly (readonly [collection: string, value: object, says: string])[] = [
  ['app.bsky.feed.post', { text: 'hello' }, 'hello'],
  ['app.bsky.feed.post', { text: 'yes', reply: { root: ref, parent: ref } }, 'In reply to'],
  ['app.bsky.feed.post', { text: '', embed: { $type: 'app.bsky.embed.record', record: ref } }, 'Quotes'],
  [
    'app.bsky.feed.post',
    { text: '', embed: { $type: 'app.bsky.embed.images', images: [{ image: blob, alt: 'a hill' }] } },
    'a hill',
  ],
  [
    'app.bsky.feed.post',
    {
      text: '',
      embed: {
        $type: 'app.bsky.embed.external',
        external: { uri: 'https://e.example/x', title: 'A page', description: '' },
      },
    },
    'https://e.example/x',
  ],
  [
    'app.bsky.feed.post',
    {
      text: '',
      embed: {
        $type: 'app.bsky.embed.recordWithMedia',
        record: { record: ref },
        media: { $type: 'app.bsky.embed.video', video: { ...blob, mimeType: 'video/mp4' } },
      },
    },
    'Video',
  ],
  ['app.bsky.feed.like', { subject: ref }, 'Like'],
  ['app.bsky.feed.repost', { subject: ref }, 'Repost'],
  ['app.bsky.graph.follow', { subject: DID }, 'Follow'],
  ['app.bsky.graph.block', { subject: DID }, 'Block'],
  ['app.bsky.graph.listblock', { subject: AT }, 'Blocked list'],
  ['app.bsky.graph.list', { name: 'Neighbours', purpose: 'app.bsky.graph.defs#modlist' }, 'Moderation list'],
  ['app.bsky.graph.listitem', { subject: DID, list: AT }, 'List member'],
  ['app.bsky.graph.starterpack', { name: 'Start here', list: AT, feeds: [{}, {}] }, '2 feeds'],
  ['app.bsky.feed.threadgate', { post: AT, allow: [] }, 'Nobody may reply'],
  [
    'app.bsky.feed.threadgate',
    { post: AT, allow: [{ $type: 'app.bsky.feed.threadgate#mentionRule' }] },
    'people who are mentioned',
  ],
  [
    'app.bsky.feed.postgate',
    { post: AT, embeddingRules: [{ $type: 'app.bsky.feed.postgate#disableRule' }] },
    'Nobody may quote it',
  ],
  ['app.bsky.feed.generator', { displayName: 'Quiet posts', did: DID }, 'run by'],
  ['app.bsky.actor.profile', { displayName: 'Mirela', avatar: blob }, 'Mirela'],
]

describe('record cards', () => {
  it('reads every known kind', () => {
    for (const [collection, value, says] of KNOWN) {
      const html = record(collection, value)
      expect(html, collection).toContain(says)
      expect(html, collection).not.toContain('class="json"')
    }
  })

  it('shows everything else as JSON', () => {
    expect(record('org.garden.recipe', { title: 'Soup' })).toContain('Soup')
    for (const value of [
      null,
      5,
      'text',
      [],
      true,
      { $type: 'app.bsky.feed.post' },
      { $type: 'other', text: 'x' },
    ]) {
      expect(render('app.bsky.feed.post', value)).toContain('class="json"')
    }
    expect(render('constructor', { $type: 'constructor' })).toContain('class="json"')
  })

  it('leads nowhere but to the web and to our own screens', () => {
    const bad = 'javascript:alert(1)'
    const facet = {
      index: { byteStart: 0, byteEnd: 5 },
      features: [{ $type: 'app.bsky.richtext.facet#link', uri: bad }],
    }
    const html = [
      record('app.bsky.feed.post', { text: 'hello', facets: [facet] }),
      record('app.bsky.feed.post', {
        text: '',
        embed: { $type: 'app.bsky.embed.external', external: { uri: bad, title: 'x' } },
      }),
      record('app.bsky.actor.profile', { displayName: 'x', website: bad }),
      record('app.bsky.feed.like', { subject: { uri: bad } }),
      record('app.bsky.graph.follow', { subject: bad }),
      record('org.garden.recipe', { a: bad, b: { $link: bad }, c: 'data:text/html,x' }),
    ].join('')
    const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1] ?? '')
    expect(hrefs.filter((href) => !href.startsWith('/repo/') && !/^https?:/.test(href))).toEqual([])
    expect(html).not.toMatch(/<(iframe|object|embed|script|video|audio)\b/)
  })

  it('stands any value anyone could write under a known name', () => {
    const kinds = [...new Set(KNOWN.map(([collection]) => collection))]
    const strange = fc.dictionary(
      fc.constantFrom(
        'text',
        'facets',
        'embed',
        'reply',
        'subject',
        'name',
        'displayName',
        'description',
        'avatar',
        'allow',
        'list',
        'post',
        'feeds',
        'createdAt',
        'tags',
        '__proto__',
      ),
      fc.oneof(
        fc.anything({ maxDepth: 4 }),
        fc.constantFrom<unknown>(ref, blob, AT, DID, { $type: 'app.bsky.embed.images', images: [1, null] }),
      ),
    )
    fc.assert(
      fc.property(fc.constantFrom(...kinds), strange, (collection, value) => {
        expect(record(collection, value).length).toBeGreaterThan(0)
      }),
      { numRuns: 400 },
    )
  })

  it('draws little of a large or deep record until it is asked to', () => {
    let deep: unknown = 'end'
    for (let level = 0; level < 5_000; level++) deep = { level, deep }
    expect(render('org.deep.record', deep).length).toBeLessThan(5_000)
    const wide = {
      list: Array.from({ length: 100_000 }, (_, index) => ({ index })),
      text: 'x'.repeat(900_000),
    }
    expect(render('org.wide.record', wide).length).toBeLessThan(20_000)
  })
})
