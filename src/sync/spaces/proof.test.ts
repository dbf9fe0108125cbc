import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { encodeMessage } from '../../net/messages.ts'
import { createTestDevice } from '../../spaces/testing/kit.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { freshNonce, type Handshake, isProof, proofBytes } from './proof.ts'

const space = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'
const handshake: Handshake = {
  ...{ space, asker: 'ann', server: 'ben' },
  askerNonce: new Uint8Array(32).fill(1),
  serverNonce: new Uint8Array(32).fill(2),
}
const docs = readFileSync(join(import.meta.dirname, '../../../docs/space-sync.md'), 'utf8')

it('what is signed, and a hello, are as the page has them to the byte', () => {
  expect(docs).toContain(toHex(proofBytes('asker', handshake)))
  expect(docs).toContain(toHex(encodeMessage({ type: 'hello', space, nonce: handshake.askerNonce })))
})

it('a proof is one for this side, these peers, this space and these nonces alone', async () => {
  const device = createTestDevice(createPrng('proof'))
  const proof = { key: device.id, sig: device.key.sign(proofBytes('asker', handshake)) }
  expect(await isProof('asker', handshake, proof)).toBe(true)
  expect(await isProof('server', handshake, proof)).toBe(false)
  const others: Partial<Handshake>[] = [
    { space: space.replace('main', 'other') },
    { asker: 'ben', server: 'ann' },
    { server: 'cleo' },
    { askerNonce: new Uint8Array(32) },
    { serverNonce: new Uint8Array(32) },
  ]
  for (const other of others) expect(await isProof('asker', { ...handshake, ...other }, proof)).toBe(false)
})

it('a nonce is 32 bytes of the source', () => {
  let n = 0
  expect(toHex(freshNonce(() => n++))).toBe(
    '0000000000000001000000020000000300000004000000050000000600000007',
  )
})
