import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { verifySignature } from '../../repo/signature.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { readKeyCard } from '../key-card.ts'
import { randomFrom, vectorText } from '../testing/kit.ts'
import { isRecoveryFileSealed, readRecoveryFile, writeRecoveryFile } from './file.ts'
import { openForRecovery, recoveryFinder, sealForRecovery } from './finder.ts'
import { createKeyWrap } from './hpke.ts'
import { mergeRecoveryLists, openRecoveryList, type RecoveryList, sealRecoveryList } from './list.ts'
import { newRecoveryDevice, recoveredAuthority, recoveredDevice, recoveryDevice } from './recovery-device.ts'
import { codeOf } from './testing/codes.ts'
import vector from './vectors/recovery.json'
import { makeRecovery, recoveryOfWords, recoveryWords } from './words.ts'

const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const root = cidString(CODEC_DAG_CBOR, sha256(utf8('root')))
const recovery = makeRecovery(randomFrom(11))
const finder = await recoveryFinder(recovery)
const entry = {
  space,
  root,
  relays: ['https://relay.example'],
  title: 'Allotment 14',
  seed: null,
  authority: null,
}
const list: RecoveryList = { counter: 3, at: 1_795_000_000_000, spaces: [entry] }
const passphrase = 'tide pool at dusk'

describe('words', () => {
  it('are those of BIP-39', async () => {
    // From the specification's own list of vectors.
    const known = [
      ['00000000000000000000000000000000', `${'abandon '.repeat(11)}about`],
      [
        '7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f',
        'legal winner thank year wave sausage worth useful legal winner thank yellow',
      ],
      ['ffffffffffffffffffffffffffffffff', `${'zoo '.repeat(11)}wrong`],
    ] as const
    for (const [hex, words] of known) {
      expect(await recoveryWords({ secret: fromHex(hex) ?? new Uint8Array() })).toBe(words)
      expect(toHex((await recoveryOfWords(words)).secret)).toBe(hex)
    }
  })

  it('are taken as people type them', async () => {
    const words = (await recoveryWords(recovery)).split(' ')
    for (const text of [
      words.map((it, at) => `${at + 1}. ${it.toUpperCase()}`).join('\r\n'),
      `  ${words.join(',\t')}\n`,
      words.map((it) => `• ${it}`).join(''),
    ])
      expect(await recoveryOfWords(text)).toEqual(recovery)
  })

  it('that are others say which, and never what was typed', async () => {
    const words = (await recoveryWords(recovery)).split(' ')
    expect(await codeOf(() => recoveryOfWords(words.slice(1).join(' ')))).toBe('keys.words count')
    expect(await codeOf(() => recoveryOfWords('x'.repeat(1001)))).toBe('keys.words count')
    const misspelt = words.with(4, 'stoone')
    await expect(recoveryOfWords(misspelt.join(' '))).rejects.toMatchObject({
      code: 'keys.words',
      fields: { reason: 'unknown', at: 5 },
    })
    const swapped = words.with(0, words[0] === 'zoo' ? 'zone' : 'zoo')
    const error: unknown = await recoveryOfWords(swapped.join(' ')).catch((it: unknown) => it)
    expect(error).toMatchObject({ code: 'keys.words', fields: { reason: 'checksum' } })
    expect(String(error)).not.toContain(words[1])
    expect(await codeOf(() => recoveryWords({ secret: new Uint8Array(15) }))).toBe('keys.invalid')
  })
})

describe('a recovery device', () => {
  it('is the same each time, another in each space and for each secret', async () => {
    const one = await recoveryDevice(recovery, space)
    const two = await recoveryDevice(recovery, space)
    expect([two.id, toHex(two.card)]).toEqual([one.id, toHex(one.card)])
    expect((await recoveryDevice(recovery, `${space}2`)).id).not.toBe(one.id)
    expect((await recoveryDevice(makeRecovery(randomFrom(12)), space)).id).not.toBe(one.id)
    const plain = utf8('a')
    expect(await verifySignature(one.id, await one.signer.sign(plain), plain)).toBe('valid')
    const { device, key } = await readKeyCard(one.card)
    expect(device).toBe(one.id)
    const sealed = await createKeyWrap().seal(key, plain, plain, plain)
    expect(await two.unwrap.open(sealed, plain, plain)).toEqual(plain)
    expect(await codeOf(() => recoveryDevice(recovery, 'at://x'))).toBe('keys.invalid')
    expect(await codeOf(() => recoveryDevice({ secret: new Uint8Array(32) }, space))).toBe('keys.invalid')
  })

  it('can be made where the secret is not, and only the secret opens it', async () => {
    const { device, seed } = await newRecoveryDevice(finder, space, randomFrom(20))
    expect(device.id).not.toBe((await recoveryDevice(recovery, space)).id)
    const again = await recoveredDevice(recovery, { space, seed })
    expect([again.id, toHex(again.card)]).toEqual([device.id, toHex(device.card)])
    expect((await recoveredDevice(recovery, entry)).id).toBe((await recoveryDevice(recovery, space)).id)
    const broken = [
      () => recoveredDevice(makeRecovery(randomFrom(12)), { space, seed }),
      () => recoveredDevice(recovery, { space: `${space}2`, seed }),
      () => recoveredDevice(recovery, { space, seed: seed.with(70, (seed[70] ?? 0) ^ 1) }),
      () => recoveredDevice(recovery, { space, seed: seed.slice(1) }),
      () => recoveredAuthority(recovery, { space, authority: seed }),
    ]
    for (const work of broken) expect(await codeOf(work)).toBe('keys.sealed-broken')
  })

  it('brings the authority along where a device held it', async () => {
    const key = new Uint8Array(32).fill(9)
    const authority = await sealForRecovery(finder, 'authority', space, key)
    expect(await recoveredAuthority(recovery, { space, authority })).toEqual(key)
    expect(await recoveredAuthority(recovery, entry)).toBeUndefined()
    expect(await codeOf(() => openForRecovery(recovery, 'seed', space, authority))).toBe('keys.sealed-broken')
    expect(await codeOf(() => sealForRecovery(finder, 'seed', space, new Uint8Array(31)))).toBe(
      'keys.invalid',
    )
  })
})

describe('a recovery list', () => {
  it('is opened by whoever has the secret, and by no other', async () => {
    const bytes = await sealRecoveryList(finder, list, randomFrom(1))
    expect(await openRecoveryList(await recoveryFinder(recovery), bytes)).toEqual(list)
    expect(bytes.length).toBeLessThan(1200)
    expect(await sealRecoveryList(finder, list, randomFrom(2))).not.toEqual(bytes)
    const stranger = await recoveryFinder(makeRecovery(randomFrom(12)))
    expect(await codeOf(() => openRecoveryList(stranger, bytes))).toBe('keys.list-broken')
    const elsewhere = { ...finder, place: stranger.place }
    expect(await codeOf(() => openRecoveryList(elsewhere, bytes))).toBe('keys.list-broken')
  })

  it('with any byte changed or cut off is refused', async () => {
    const bytes = await sealRecoveryList(finder, list, randomFrom(1))
    for (let at = 0; at < bytes.length; at++) {
      const bad = bytes.with(at, (bytes[at] ?? 0) ^ 1)
      expect(await codeOf(() => openRecoveryList(finder, bad))).toMatch(
        /^keys\.(list-(malformed|broken)|version)/,
      )
    }
    for (let at = 0; at < bytes.length; at += 41)
      expect(await codeOf(() => openRecoveryList(finder, bytes.subarray(0, at)))).toMatch(
        /^keys\.list-malformed/,
      )
    expect(await codeOf(() => openRecoveryList(finder, new Uint8Array(40_000)))).toBe(
      'keys.list-malformed size',
    )
  })

  it('that a relay rolled back is noticed by who remembers a newer one', async () => {
    const bytes = await sealRecoveryList(finder, list, randomFrom(1))
    expect((await openRecoveryList(finder, bytes, 3)).counter).toBe(3)
    await expect(openRecoveryList(finder, bytes, 4)).rejects.toMatchObject({
      code: 'keys.list-rolled-back',
      fields: { found: 3, remembered: 4 },
    })
  })

  it('of another form is not written', async () => {
    const seal = (more: Partial<RecoveryList>): Promise<string> =>
      codeOf(() => sealRecoveryList(finder, { ...list, ...more }, randomFrom(1)))
    expect(await seal({ counter: 0 })).toBe('keys.list-malformed counter')
    expect(await seal({ at: -1 })).toBe('keys.list-malformed at')
    expect(await seal({ spaces: [entry, entry] })).toBe('keys.list-malformed spaces')
    expect(await seal({ spaces: [{ ...entry, title: 'x'.repeat(201) }] })).toBe('keys.list-malformed spaces')
    expect(await seal({ spaces: [{ ...entry, relays: ['a b'] }] })).toBe('keys.list-malformed spaces')
    expect(await seal({ spaces: [{ ...entry, seed: new Uint8Array(5) }] })).toBe('keys.list-malformed spaces')
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ ...entry, space: `${space}${at}` }))
    expect(await seal({ spaces: many(128) })).toBe('none')
    expect(await seal({ spaces: many(129) })).toBe('keys.list-malformed spaces')
    expect(await seal({ spaces: many(128).map((it) => ({ ...it, title: 'x'.repeat(200) })) })).toBe(
      'keys.too-large',
    )
  })

  it('of two devices merges to one, whichever of them does it', () => {
    const key = new Uint8Array(113)
    const a = {
      counter: 4,
      at: 5,
      spaces: [
        { ...entry, title: 'old', authority: key },
        { ...entry, space: `${space}a` },
      ],
    }
    const b = {
      counter: 7,
      at: 2,
      spaces: [
        { ...entry, space: `${space}b` },
        { ...entry, title: 'new' },
      ],
    }
    const merged = mergeRecoveryLists(a, b)
    expect(merged).toEqual(mergeRecoveryLists(b, a))
    expect([merged.counter, merged.at]).toEqual([8, 5])
    expect(merged.spaces.map((it) => it.space)).toEqual([space, `${space}a`, `${space}b`])
    expect(merged.spaces[0]).toEqual({ ...entry, title: 'new', authority: key })
    const c = { ...a, counter: 7 }
    expect(mergeRecoveryLists(c, b)).toEqual(mergeRecoveryLists(b, c))
  })
})

describe('a recovery file', () => {
  const written = { recovery, list }

  it('opens the spaces, with a passphrase and without', async () => {
    const open = await writeRecoveryFile(written, undefined, randomFrom(5))
    expect(open).toContain(await recoveryWords(recovery))
    expect([await isRecoveryFileSealed(open), await readRecoveryFile(open)]).toEqual([false, written])
    const sealed = await writeRecoveryFile(written, passphrase, randomFrom(5))
    expect(sealed).not.toContain('words')
    expect([await isRecoveryFileSealed(sealed), await readRecoveryFile(sealed, passphrase)]).toEqual([
      true,
      written,
    ])
    expect(await codeOf(() => readRecoveryFile(sealed))).toBe('keys.file-passphrase missing')
    expect(await codeOf(() => readRecoveryFile(sealed, 'tide pool at dawn'))).toBe(
      'keys.file-passphrase wrong',
    )
    expect(await codeOf(() => writeRecoveryFile(written, '', randomFrom(5)))).toBe('keys.invalid')
  })

  it('that is damaged, of another kind or newer says so, before a passphrase is tried', async () => {
    const sealed = await writeRecoveryFile(written, passphrase, randomFrom(5))
    const file: Record<string, unknown> = JSON.parse(sealed)
    const read = (value: unknown): Promise<string> =>
      codeOf(() => readRecoveryFile(typeof value === 'string' ? value : JSON.stringify(value), passphrase))
    expect(await read(sealed.slice(0, -9))).toBe('keys.file-malformed json')
    expect(await read('')).toBe('keys.file-malformed json')
    expect(await read('null')).toBe('keys.file-malformed type')
    expect(await read({ ...file, type: 'else' })).toBe('keys.file-malformed type')
    expect(await read({ ...file, version: 2 })).toBe('keys.version')
    expect(await read({ ...file, extra: 1 })).toBe('keys.file-malformed fields')
    expect(await read({ ...file, sealed: { ...Object(file['sealed']), n: 2 } })).toBe(
      'keys.file-malformed fields',
    )
    expect(await read('x'.repeat(60_000))).toBe('keys.file-malformed size')
    const text = String(file['list'])
    const changed = `${text.slice(0, 9)}${text[9] === 'A' ? 'B' : 'A'}${text.slice(10)}`
    expect(await read({ ...file, list: changed })).toBe('keys.file-damaged')
    const secret = { ...Object(file['sealed']), secret: text.slice(0, 43) }
    expect(await read({ ...file, sealed: secret })).toBe('keys.file-damaged')
  })
})

it('recovery has the committed bytes', async () => {
  const device = await recoveryDevice(recovery, space)
  // Sealing has chance in it, so the committed seed is opened, and made anew only where there is none.
  const seed = fromHex(vector.seedHex) ?? (await newRecoveryDevice(finder, space, randomFrom(20))).seed
  const row = {
    secretHex: toHex(recovery.secret),
    words: await recoveryWords(recovery),
    place: finder.place,
    owner: finder.owner,
    listKeyHex: toHex(finder.listKey),
    publicKeyHex: toHex(finder.publicKey),
    space,
    device: device.id,
    cardHex: toHex(device.card),
    seedHex: toHex(seed),
    seededDevice: (await recoveredDevice(recovery, { space, seed })).id,
    listHex: toHex(await sealRecoveryList(finder, list, randomFrom(1))),
    passphrase,
    file: await writeRecoveryFile({ recovery, list }, passphrase, randomFrom(5)),
  }
  await expect(vectorText(row)).toMatchFileSnapshot(join(import.meta.dirname, 'vectors', 'recovery.json'))
})
