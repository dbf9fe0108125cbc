import { fromBase64Url, toBase64Url } from '@atcute/multibase'
import * as v from 'valibot'
import { toHex } from '../../core/bytes.ts'
import { digest, encodeParts, KEY_BYTES, type Parts, type Random, randomBytes } from '../crypto.ts'
import { KeysError } from './errors.ts'
import { recoveryFinder } from './finder.ts'
import { MAX_SEALED_LIST_BYTES, openRecoveryList, type RecoveryList, sealRecoveryList } from './list.ts'
import type { Recovery } from './model.ts'
import { openByPassphrase, SCRYPT, sealByPassphrase } from './passphrase.ts'
import { RECOVERY_BYTES, recoveryOfWords, recoveryWords } from './words.ts'

const TYPE = 'cairn-recovery'
const CHECK_TAG = 'cairn.recovery.file-check.v1'
/** Longest file in UTF-16 units: a list in base64url, and the rest. */
const MAX_FILE = Math.ceil((MAX_SEALED_LIST_BYTES * 4) / 3) + 4096

/** What a recovery file holds. */
export interface RecoveryFile {
  readonly recovery: Recovery
  /** the spaces as they were when it was written */
  readonly list: RecoveryList
}

const base64Url = (most: number) => v.pipe(v.string(), v.maxLength(most), v.regex(/^[A-Za-z0-9_-]+$/))
const common = {
  type: v.literal(TYPE),
  version: v.literal(1),
  list: base64Url(MAX_FILE),
  check: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
}
const shape = v.union([
  v.strictObject({ ...common, words: v.pipe(v.string(), v.maxLength(1000)) }),
  v.strictObject({
    ...common,
    sealed: v.strictObject({
      kdf: v.literal('scrypt'),
      n: v.literal(SCRYPT.n),
      r: v.literal(SCRYPT.r),
      p: v.literal(SCRYPT.p),
      salt: base64Url(64),
      secret: base64Url(64),
    }),
  }),
])

/**
 * A recovery as a file: JSON text. The list in it is sealed as at a relay, so that the secret is all there is to
 * protect: it stands there as words, or sealed by a passphrase.
 *
 * @throws KeysError `keys.invalid`, `keys.list-malformed`, `keys.too-large`
 */
export async function writeRecoveryFile(
  { recovery, list }: RecoveryFile,
  passphrase: string | undefined,
  random: Random,
): Promise<string> {
  const sealedList = await sealRecoveryList(await recoveryFinder(recovery), list, random)
  const secret =
    passphrase === undefined
      ? { words: await recoveryWords(recovery) }
      : { sealed: await sealSecret(recovery, passphrase, random) }
  const content = { type: TYPE, version: 1, ...secret, list: toBase64Url(sealedList) } as const
  return `${JSON.stringify({ ...content, check: await checkOf(content) }, null, 2)}\n`
}

async function sealSecret({ secret }: Recovery, passphrase: string, random: Random) {
  const salt = randomBytes(random, KEY_BYTES)
  const sealed = await sealByPassphrase(passphrase, salt, new Uint8Array(secret))
  return { kdf: 'scrypt', ...SCRYPT, salt: toBase64Url(salt), secret: toBase64Url(sealed) } as const
}

/** Whether a passphrase is asked for. Throws as `readRecoveryFile` does for what is no such file. */
export async function isRecoveryFileSealed(text: string): Promise<boolean> {
  return 'sealed' in (await parseFile(text))
}

/**
 * What a recovery file holds.
 *
 * @throws KeysError `keys.file-malformed`, `keys.file-damaged`, `keys.version`, `keys.file-passphrase`, and as
 *   `openRecoveryList`
 */
export async function readRecoveryFile(text: string, passphrase?: string): Promise<RecoveryFile> {
  const file = await parseFile(text)
  const recovery =
    'words' in file ? await recoveryOfWords(file.words) : await openSecret(file.sealed, passphrase)
  return { recovery, list: await openRecoveryList(await recoveryFinder(recovery), bytesOf(file.list)) }
}

async function openSecret(
  { salt, secret }: { readonly salt: string; readonly secret: string },
  passphrase: string | undefined,
): Promise<Recovery> {
  if (passphrase === undefined || passphrase === '')
    throw new KeysError('keys.file-passphrase', { reason: 'missing' })
  const opened = await openByPassphrase(passphrase, bytesOf(salt), bytesOf(secret))
  // The check held, so the bytes are those that were written: it is the passphrase.
  if (opened === undefined) throw new KeysError('keys.file-passphrase', { reason: 'wrong' })
  if (opened.length !== RECOVERY_BYTES) throw new KeysError('keys.file-malformed', { reason: 'secret' })
  return { secret: opened }
}

async function parseFile(text: string): Promise<v.InferOutput<typeof shape>> {
  if (text.length > MAX_FILE) throw new KeysError('keys.file-malformed', { reason: 'size' })
  const value = parseJson(text)
  const isOurs = typeof value === 'object' && value !== null && 'type' in value && value.type === TYPE
  if (!isOurs) throw new KeysError('keys.file-malformed', { reason: 'type' })
  const version: unknown = 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version !== 1)
    throw new KeysError('keys.version', { what: 'recovery-file', version })
  const result = v.safeParse(shape, value)
  if (!result.success) throw new KeysError('keys.file-malformed', { reason: 'fields' })
  const { check, ...content } = result.output
  if ((await checkOf(content)) !== check) throw new KeysError('keys.file-damaged')
  return result.output
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No cause: it might quote the secret.
    throw new KeysError('keys.file-malformed', { reason: 'json' })
  }
}

type Content =
  | { readonly words: string; readonly list: string }
  | { readonly sealed: { readonly salt: string; readonly secret: string }; readonly list: string }

/** Tells damage from a wrong passphrase. It is no proof against anyone who can write the file. */
async function checkOf(content: Content): Promise<string> {
  const secret: Parts =
    'words' in content ? ['words', content.words] : ['sealed', content.sealed.salt, content.sealed.secret]
  return toHex(await digest(encodeParts([CHECK_TAG, ...secret, content.list])))
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(fromBase64Url(text))
  } catch (cause) {
    throw new KeysError('keys.file-malformed', { reason: 'base64' }, { cause })
  }
}
