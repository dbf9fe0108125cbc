import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '../../core/errors.ts'

/** In the data folder: the libp2p protobuf form of an Ed25519 private key. */
export const IDENTITY_FILE = 'relay.key'

/** Peers know this relay by this key: a new one would be a new relay to all of them. */
export async function loadIdentity(directory: string): Promise<PrivateKey> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, IDENTITY_FILE)
  const kept = await read(file)
  if (kept !== undefined) return kept
  const key = await generateKeyPair('Ed25519')
  // Comes into place whole, and never over one that another start has just put there.
  const part = `${file}.${randomUUID()}.part`
  await writeFile(part, privateKeyToProtobuf(key), { mode: 0o600, flush: true })
  try {
    await link(part, file)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await unlink(part)
  }
  return (await read(file)) ?? key
}

/** Rejects with `relay.identity-unreadable { file }` for a file that holds no key: it is never replaced. */
async function read(file: string): Promise<PrivateKey | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new CairnError('relay.identity-unreadable', { file }, { cause: error })
  }
  try {
    return privateKeyFromProtobuf(bytes)
  } catch (error) {
    throw new CairnError('relay.identity-unreadable', { file }, { cause: error })
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
