import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../core/bytes.ts'
import { importSecret } from './crypto.ts'
import epochs from './epochs/vectors/epoch.json'
import { readEpoch } from './epochs/epoch.ts'
import { openEpoch } from './epochs/keys.ts'
import { openCapability } from './links/capability.ts'
import { linkSigner } from './links/link-key.ts'
import { parseLink } from './links/link.ts'
import { openDeviceAnswer } from './links/device-answer.ts'
import { parseDeviceLink } from './links/device-link.ts'
import { openDeviceOffer } from './links/device-offer.ts'
import device from './links/vectors/device.json'
import link from './links/vectors/link.json'
import { openFile } from './sealing/chunks.ts'
import { parseSealedFile } from './sealing/file.ts'
import { openRecord, parseSealedRecord } from './sealing/record.ts'
import file from './sealing/vectors/file.json'
import records from './sealing/vectors/record.json'

const bytes = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex) ?? new Uint8Array()

describe('in a browser, the committed vectors', () => {
  it.each(records)('of a sealed record open', async (row) => {
    const key = { epoch: bytes(row.epochHex), secret: await importSecret(bytes(row.epochKeyHex)) }
    const opened = await openRecord(row, key, parseSealedRecord(bytes(row.hex)))
    expect({ ...opened, value: toHex(opened.value) }).toEqual({
      collection: row.collection,
      rkey: row.recordKey,
      value: row.valueHex,
    })
  })

  it('of a file open', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield* file.chunksHex.map(bytes)
    }
    const opened: Uint8Array[] = []
    for await (const it of openFile(parseSealedFile(bytes(file.descriptionHex)), chunks())) opened.push(it)
    expect(toHex(concat(opened))).toBe(file.contentHex)
  })

  it.each(epochs)('of an epoch hold', async (row) => {
    const info = await readEpoch(bytes(row.hex))
    expect(info.name).toBe(row.name)
    expect(toHex((await openEpoch(info, bytes(row.keyHex))).key)).toBe(row.keyHex)
  })

  it('of a device link open', async () => {
    const parsed = await parseDeviceLink(device.link)
    const offer = await openDeviceOffer(parsed, bytes(device.offerHex))
    expect((await openDeviceAnswer(parsed, offer, bytes(device.answerHex))).name).toBe('Tablet in der Küche')
  })

  it('of a join link open', async () => {
    const short = await parseLink(link.link)
    const long = await parseLink(link.longLink)
    if (short.kind !== 'short' || long.kind !== 'long') throw new Error('one of each')
    const capability = await openCapability(short, bytes(link.sealedHex))
    expect(linkSigner(capability.key).id).toBe(link.linkKey)
    expect(long.capability.approval).toBe(true)
    for (const bad of [
      `${link.link}A`,
      `${link.link.slice(0, -1)}_`,
      `${link.longLink}=`,
      `${link.longLink}A`,
    ]) {
      await expect(parseLink(bad)).rejects.toMatchObject({ code: expect.stringMatching(/^spaces\./) })
    }
  })
})
