import { describe, expect, it } from 'vitest'
import { ALL_SCOPES, FULL_PASSWORD_SCOPES, metNeeds, missingScopes, NEEDS } from './scopes.ts'

const covers = (granted: string, needed: string): boolean =>
  missingScopes(granted.split(' '), [needed]).length === 0

describe('scopes', () => {
  it('cover what is the same or less', () => {
    for (const [granted, needed] of [
      ['repo:*', 'repo:app.bsky.feed.post'],
      ['repo:*', 'repo:app.bsky.feed.post?action=delete'],
      ['repo?collection=a.b.c&collection=d.e.f', 'repo:d.e.f'],
      ['repo:a.b.c?action=create repo:a.b.c?action=update&action=delete', 'repo:a.b.c'],
      ['blob:*/*', 'blob:image/png'],
      ['blob:image/*', 'blob:image/*'],
      ['blob?accept=video/*&accept=image/png', 'blob:image/png'],
      ['rpc:a.b.c?aud=*', 'rpc:a.b.c?aud=did:web:x.org%23y'],
      ['rpc:*?aud=did:web:x.org%23y', 'rpc:a.b.c?aud=did:web:x.org%23y'],
      ['account:email?action=manage', 'account:email'],
      ['account:repo?action=manage', 'account:repo?action=manage'],
      ['identity:*', 'identity:handle'],
      ['transition:generic', 'repo:*'],
      ['transition:generic', 'blob:*/*'],
      ['transition:generic', 'rpc:app.bsky.actor.getPreferences?aud=*'],
      ['transition:chat.bsky', 'rpc:chat.bsky.convo.getLog?aud=*'],
      ['transition:email', 'account:email'],
    ] as const) {
      expect(covers(`atproto ${granted}`, needed), `${granted} covers ${needed}`).toBe(true)
    }
  })

  it('cover nothing more, and nothing that cannot be read', () => {
    for (const [granted, needed] of [
      ['repo:app.bsky.feed.post', 'repo:*'],
      ['repo:app.bsky.feed.post', 'repo:app.bsky.feed.like'],
      ['repo:a.b.c?action=create', 'repo:a.b.c'],
      ['repo', 'repo:a.b.c'],
      ['blob:image/*', 'blob:*/*'],
      ['blob:image/png', 'blob:image/*'],
      ['rpc:a.b.c?aud=did:web:x.org%23y', 'rpc:a.b.c?aud=*'],
      ['rpc:a.b.c?aud=*', 'rpc:a.b.d?aud=*'],
      ['account:email', 'account:email?action=manage'],
      ['account:repo?action=manage', 'account:status'],
      ['identity:handle', 'identity:*'],
      ['transition:generic', 'identity:*'],
      ['transition:generic', 'account:repo?action=manage'],
      ['transition:generic', 'rpc:chat.bsky.convo.getLog?aud=*'],
      ['transition:generic', 'repo2:*'],
      ['repo:%', 'repo:a.b.c'],
      ['', 'atproto'],
      ['repo:*', 'constructor'],
    ] as const) {
      expect(covers(granted, needed), `${granted} does not cover ${needed}`).toBe(false)
    }
  })

  it('meet the needs that a screen asks about', () => {
    expect(metNeeds(['atproto'])).toEqual([])
    expect(metNeeds(['atproto', ...NEEDS.write])).toEqual(['write', 'agreements'])
    expect(metNeeds(['atproto', 'transition:generic'])).toEqual(['write', 'agreements', 'preferences'])
    expect(metNeeds(FULL_PASSWORD_SCOPES)).toEqual(['write', 'agreements', 'preferences', 'move'])
  })

  it('are declared once each, in characters that a scope may have', () => {
    expect(new Set(ALL_SCOPES).size).toBe(ALL_SCOPES.length)
    for (const scope of ALL_SCOPES) expect(scope).toMatch(/^[!#-[\]-~]+$/)
  })
})
