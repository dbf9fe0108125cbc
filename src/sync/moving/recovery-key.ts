import { isObject } from '../../pds/values.ts'
import {
  formatPrivateKey,
  parsePrivateKey,
  type PrivateKey,
  privateKeyOf,
  SECRET_BYTES,
} from '../../pds/plc/private-key.ts'
import { MovingError } from './errors.ts'

/** 32 bytes and their checksum; the words of a space's recovery are twelve, so that neither passes for the other. */
const KEY_WORDS = 24
/** Longest text that is looked at: a key file, or 24 words and whatever stands between them, characters. */
const MAX_TEXT = 4000
const FILE_TYPE = 'app.cairn.account-key'

/** The 24 words of a key (BIP-39, English): its 32 bytes as they are, so that any tool can read them back. */
export async function keyWords({ secret }: PrivateKey): Promise<string> {
  const { bip39, english } = await load()
  return bip39.entropyToMnemonic(secret, english)
}

/** The text of a key file: what it is for, and the key in the form that other tools of atproto take. */
export const keyFile = (key: PrivateKey, about: { readonly did: string; readonly handle?: string }): string =>
  `${JSON.stringify(
    {
      type: FILE_TYPE,
      account: about.did,
      ...(about.handle === undefined ? {} : { handle: about.handle }),
      publicKey: key.didKey,
      privateKey: formatPrivateKey(key),
    },
    null,
    2,
  )}\n`

/**
 * The keys that a text can mean: a key file, a multibase private key, or 24 words, which do not say of which curve
 * they are and so give two.
 *
 * @throws MovingError `moving.bad-key`. Its fields never hold what was typed.
 */
export async function readKeys(text: string): Promise<readonly PrivateKey[]> {
  if (text.length > MAX_TEXT) throw new MovingError('moving.bad-key', { reason: 'form' })
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) return [readFile(trimmed)]
  const single = parsePrivateKey(trimmed)
  if (single !== undefined) return [single]
  const secret = await readWords(trimmed)
  return (['k256', 'p256'] as const).flatMap((curve) => privateKeyOf(curve, secret) ?? [])
}

/**
 * The one of them that is among `listed`.
 *
 * @throws MovingError `moving.bad-key`, `moving.wrong-key`
 */
export async function readListedKey(text: string, listed: readonly string[]): Promise<PrivateKey> {
  const keys = await readKeys(text)
  const found = keys.find((key) => listed.includes(key.didKey))
  if (found === undefined) throw new MovingError('moving.wrong-key', { didKey: keys[0]?.didKey })
  return found
}

function readFile(text: string): PrivateKey {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    throw new MovingError('moving.bad-key', { reason: 'form' })
  }
  const field = isObject(file) && file['type'] === FILE_TYPE ? file['privateKey'] : undefined
  const key = typeof field === 'string' ? parsePrivateKey(field) : undefined
  if (key === undefined) throw new MovingError('moving.bad-key', { reason: 'form' })
  return key
}

async function readWords(text: string): Promise<Uint8Array> {
  const words = text
    .toLowerCase()
    .split(/[^\p{L}\p{M}]+/u)
    .filter((word) => word !== '')
  if (words.length !== KEY_WORDS) {
    throw new MovingError('moving.bad-key', { reason: 'count', found: words.length })
  }
  const { bip39, english } = await load()
  const unknown = words.findIndex((word) => !english.includes(word))
  if (unknown >= 0) throw new MovingError('moving.bad-key', { reason: 'word', at: unknown + 1 })
  try {
    const secret = new Uint8Array(bip39.mnemonicToEntropy(words.join(' '), english))
    if (secret.length === SECRET_BYTES) return secret
  } catch {
    // What the library throws might say the words.
  }
  throw new MovingError('moving.bad-key', { reason: 'checksum' })
}

/** Some 13 KB that nobody needs before they make or use a key. */
async function load() {
  const [bip39, { wordlist }] = await Promise.all([
    import('@scure/bip39'),
    import('@scure/bip39/wordlists/english.js'),
  ])
  return { bip39, english: wordlist }
}
