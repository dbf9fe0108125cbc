import { KeysError } from './errors.ts'
import type { Recovery } from './model.ts'
import { type Random, randomBytes } from '../crypto.ts'

/** 128 bits, which 12 words and their checksum hold. */
export const RECOVERY_BYTES = 16
const WORDS = 12
/** Longest text that is looked at: 12 words and whatever stands between them. */
const MAX_TEXT = 1000

/** A new recovery. Throws SpacesError `spaces.invalid` for a source of chance that gives too little. */
export const makeRecovery = (random: Random): Recovery => ({ secret: randomBytes(random, RECOVERY_BYTES) })

/** The 12 words of a secret (BIP-39, English). Throws KeysError `keys.invalid`. */
export async function recoveryWords({ secret }: Recovery): Promise<string> {
  if (secret.length !== RECOVERY_BYTES) throw new KeysError('keys.invalid', { what: 'secret' })
  const { bip39, english } = await load()
  return bip39.entropyToMnemonic(secret, english)
}

/**
 * The recovery that 12 words say, as a person types them: in any case, with anything between them that is no letter,
 * numbers of a list among it.
 *
 * @throws KeysError `keys.words`
 */
export async function recoveryOfWords(text: string): Promise<Recovery> {
  if (text.length > MAX_TEXT) throw new KeysError('keys.words', { reason: 'count', found: MAX_TEXT })
  const words = text
    .toLowerCase()
    .split(/[^\p{L}\p{M}]+/u)
    .filter((it) => it !== '')
  if (words.length !== WORDS) throw new KeysError('keys.words', { reason: 'count', found: words.length })
  const { bip39, english } = await load()
  const unknown = words.findIndex((it) => !english.includes(it))
  if (unknown >= 0) throw new KeysError('keys.words', { reason: 'unknown', at: unknown + 1 })
  try {
    return { secret: new Uint8Array(bip39.mnemonicToEntropy(words.join(' '), english)) }
  } catch {
    // No cause: what the library throws might say the words.
    throw new KeysError('keys.words', { reason: 'checksum' })
  }
}

/** The list is some 13 KB: nobody needs it before they recover, or make a recovery. */
async function load() {
  const [bip39, { wordlist }] = await Promise.all([
    import('@scure/bip39'),
    import('@scure/bip39/wordlists/english.js'),
  ])
  return { bip39, english: wordlist }
}
