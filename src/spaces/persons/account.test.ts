import { describe, expect, it } from 'vitest'
import { isRecordKey } from '../../core/syntax.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { codeOf } from '../keys/testing/codes.ts'
import { createTestDevice } from '../testing/kit.ts'
import {
  checkMemberRecord,
  MEMBER_COLLECTION,
  memberRecord,
  memberRecordKey,
  memberRecordUri,
} from './account.ts'

const prng = createPrng(31)
const person = createTestDevice(prng).id
const other = createTestDevice(prng).id
const account = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const space = `at://did:key:zDnaefounder/space/app.cairn.group/3kq5xyz2abc2d`
const claim = { space, person, account }
const value = memberRecord(person, Date.UTC(2026, 10, 21))
const rkey = await memberRecordKey(claim)
const found = { repo: account, collection: MEMBER_COLLECTION, rkey, value }

describe('the record by which an account vouches for a person', () => {
  it('has a key that says nothing of the space', async () => {
    expect(isRecordKey(rkey)).toBe(true)
    expect(rkey).toMatch(/^[a-z2-7]{52}$/)
    expect(await memberRecordKey(claim)).toBe(rkey)
    expect(await memberRecordKey({ ...claim, space: `${space}2` })).not.toBe(rkey)
    expect(await memberRecordKey({ ...claim, person: other })).not.toBe(rkey)
    expect(await memberRecordUri(claim)).toBe(`at://${account}/app.cairn.space.member/${rkey}`)
    expect(JSON.stringify(value)).toBe(
      `{"$type":"app.cairn.space.member","person":"${person}","createdAt":"2026-11-21T00:00:00.000Z"}`,
    )
  })

  it('has the committed key', async () => {
    const key = { space, person: 'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169' }
    expect(await memberRecordKey(key)).toMatchInlineSnapshot(
      `"k4qmhhs4smqq7auh7ssps3qghg3oiszrhcwozfr2xmc7r2ulos2a"`,
    )
  })

  it('proves a claim, whatever a newer version adds to it', async () => {
    expect(await checkMemberRecord(claim, found)).toBe('proven')
    expect(await checkMemberRecord(claim, { ...found, value: { ...value, note: 'x' } })).toBe('proven')
  })

  it('proves nothing for another account, space or person', async () => {
    const check = (more: object, of: object = {}): Promise<string> =>
      checkMemberRecord({ ...claim, ...of }, { ...found, ...more })
    expect(await checkMemberRecord(claim, undefined)).toBe('absent')
    expect(await check({ repo: 'did:plc:stranger' })).toBe('elsewhere')
    expect(await check({ collection: 'app.bsky.feed.post' })).toBe('elsewhere')
    expect(await check({ rkey: 'self' })).toBe('elsewhere')
    expect(await check({}, { space: `${space}2` })).toBe('elsewhere')
    expect(await check({}, { person: other })).toBe('elsewhere')
    expect(await check({}, { account: 'did:plc:stranger' })).toBe('elsewhere')
    expect(await check({ value: { ...value, person: other } })).toBe('other-person')
    for (const bad of [
      undefined,
      null,
      5,
      [],
      {},
      { ...value, $type: 'x' },
      { ...value, person: account },
      { ...value, createdAt: 'soon' },
      { ...value, createdAt: 5 },
    ])
      expect(await check({ value: bad })).toBe('malformed')
  })

  it('is not made of what is no person, space or account', async () => {
    expect(await codeOf(() => memberRecord(account, 0))).toBe('persons.invalid')
    expect(await codeOf(() => memberRecordKey({ space: 'at://x', person }))).toBe('persons.invalid')
    expect(await codeOf(() => memberRecordKey({ space, person: account }))).toBe('persons.invalid')
    expect(await codeOf(() => checkMemberRecord({ ...claim, account: 'x' }, found))).toBe('persons.invalid')
  })
})
