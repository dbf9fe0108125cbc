import { describe, expect, it } from 'vitest'
import { parseRoute, SPACE_TABS, spaceHref } from './routes.ts'
import { readSecretLink } from './secret-link.ts'

const SPACE = 'at://did:key:zDnaeabc/space/app.cairn.group/3m7qaxkd2k4s'

describe('addresses of spaces', () => {
  it('give back exactly what went in', () => {
    for (const tab of SPACE_TABS)
      expect(parseRoute(spaceHref(SPACE, tab))).toEqual({ name: 'space', space: SPACE, tab, id: undefined })
    for (const id of ['abc', 'tag.rest~1', 'a:b', 'ä b'])
      expect(parseRoute(spaceHref(SPACE, 'notes', id))).toEqual({
        name: 'space',
        space: SPACE,
        tab: 'notes',
        id,
      })
    expect(spaceHref(SPACE)).toBe('/space/did:key:zDnaeabc/3m7qaxkd2k4s')
  })

  it('lead nowhere when they are none', () => {
    for (const path of [
      '/space',
      '/space/did:key:zDnaeabc',
      '/space/nothing/3m7q',
      '/space/did:key:zDnaeabc/3m7q/elsewhere',
      '/space/did:key:zDnaeabc/3m7q/posts/a/b',
      '/space/did:key:a%2Fb/3m7q',
      '/space/%E0%A4%A/3m7q',
    ])
      expect(parseRoute(path)).toEqual({ name: 'unknown' })
    expect(parseRoute('/spaces')).toEqual({ name: 'spaces' })
    expect(parseRoute('/join')).toEqual({ name: 'join' })
  })
})

describe('secret links', () => {
  it('are told from all other text', () => {
    expect(readSecretLink(' https://a.example/#/join/id.secret\n')).toEqual({
      kind: 'join',
      url: 'https://a.example/#/join/id.secret',
    })
    expect(readSecretLink('#/device/id.secret')?.kind).toBe('device')
    for (const text of [
      '',
      'https://a.example/',
      '#/join/',
      '#/keep/did:plc:a',
      `#/join/${'a'.repeat(5_000)}`,
    ])
      expect(readSecretLink(text)).toBeUndefined()
  })
})
