import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IDENTITY_FILE, loadIdentity } from './identity.ts'

describe('identity', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-identity-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is made once, also when two ask at the same time, and is its owner’s alone', async () => {
    const inner = join(folder, 'new')
    const [one, two] = await Promise.all([loadIdentity(inner), loadIdentity(inner)])
    expect(privateKeyToProtobuf(one)).toEqual(privateKeyToProtobuf(two))
    expect(privateKeyToProtobuf(await loadIdentity(inner))).toEqual(privateKeyToProtobuf(one))
    expect((await stat(join(inner, IDENTITY_FILE))).mode & 0o777).toBe(0o600)
  })

  it('is never made anew over a file that cannot be read', async () => {
    await writeFile(join(folder, IDENTITY_FILE), 'damaged')
    await expect(loadIdentity(folder)).rejects.toMatchObject({ code: 'relay.identity-unreadable' })
  })
})
