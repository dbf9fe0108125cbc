import { describe, expect, it } from 'vitest'
import { atUriHref, collectionHref, parseRoute, recordHref, repoHref } from './routes.ts'

describe('routes', () => {
  it('reads every address of the app', () => {
    expect(parseRoute('/')).toEqual({ name: 'library' })
    for (const name of ['search', 'network', 'activity', 'settings', 'open'])
      expect(parseRoute(`/${name}`)).toEqual({ name })
    expect(parseRoute('/repo/did:plc:abc/')).toMatchObject({
      name: 'repo',
      did: 'did:plc:abc',
      tab: 'overview',
    })
    expect(parseRoute('/repo/did:plc:abc/snapshots')).toMatchObject({ tab: 'snapshots' })
  })

  it('gives back exactly what went in', () => {
    for (const did of ['did:plc:abc', 'did:web:example.org', 'did:web:localhost%3A3000']) {
      expect(parseRoute(repoHref(did, 'health'))).toMatchObject({ did, tab: 'health' })
      expect(parseRoute(collectionHref(did, 'app.bsky.feed.post'))).toMatchObject({
        did,
        collection: 'app.bsky.feed.post',
      })
      expect(parseRoute(recordHref(did, 'a.b.c/x:y~_-.1'))).toMatchObject({
        did,
        collection: 'a.b.c',
        rkey: 'x:y~_-.1',
      })
    }
    expect(recordHref('did:plc:abc', 'a.b.c/self', 'snap/1')).toBe(
      '/repo/did:plc:abc/record/a.b.c/self?snapshot=snap%2F1',
    )
  })

  it('reads a link to keep a copy by, whatever stands before its #', () => {
    for (const path of ['/', '/settings', '/nothing'])
      expect(parseRoute(path, '#/keep/did:plc:abc?relay=https%3A%2F%2Fr.example')).toEqual({ name: 'keep' })
    expect(parseRoute('/', '#main')).toEqual({ name: 'library' })
  })

  it('knows what it does not know', () => {
    for (const path of [
      '/nothing',
      '/repo',
      '/repo/abc',
      '/repo/did:plc:abc/x',
      '/repo/did:plc:abc/health/x',
      '/repo/%E0%A4%A',
      '/a/b/c/d/e/f/g',
    ]) {
      expect(parseRoute(path)).toEqual({ name: 'unknown' })
    }
  })

  it('links at:// URIs with a DID only', () => {
    expect(atUriHref('at://did:plc:abc/app.bsky.feed.post/3k')).toBe(
      '/repo/did:plc:abc/record/app.bsky.feed.post/3k',
    )
    expect(atUriHref('at://did:plc:abc')).toBe('/repo/did:plc:abc')
    expect(atUriHref('at://ana.example.org/a.b.c/3k')).toBeUndefined()
    expect(atUriHref('https://did:plc:abc')).toBeUndefined()
  })
})
