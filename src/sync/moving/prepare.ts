import { callError, isCallError } from '../../pds/account/call-error.ts'
import { didMethod } from '../../pds/did-fetch.ts'
import { MAX_ROTATION_KEYS, readMadeOperation, stateText } from '../../pds/plc/make-operation.ts'
import { makePrivateKey } from '../../pds/plc/private-key.ts'
import { currentPlcLog } from '../../pds/plc/submit.ts'
import { isObject } from '../../pds/values.ts'
import { networkOf } from '../host.ts'
import type { MovingHost } from './context.ts'
import { MovingError } from './errors.ts'
import {
  type PrivateName,
  type PrivatePart,
  type PrivateRow,
  privateKey,
  recoveryKey,
  type RecoveryRow,
} from './model.ts'
import { isEmpty, mergePrivate, readPrivate } from './private-data.ts'
import { keyFile, keyWords, readKeys } from './recovery-key.ts'

/** A recovery key, shown once. */
export interface NewKey {
  readonly didKey: string
  /** 24 words */
  readonly words: string
  /** text of the key file */
  readonly file: string
}

/**
 * Makes a recovery key. It is nowhere but in what this returns; this device notes which one it is.
 *
 * @throws MovingError `moving.not-plc`
 */
export async function makeKey(
  { store, host, changed }: MovingHost,
  did: string,
  handle: string | undefined,
): Promise<NewKey> {
  if (didMethod(did) !== 'plc') throw new MovingError('moving.not-plc', { did })
  const key = makePrivateKey()
  const words = await keyWords(key)
  const row: RecoveryRow = {
    didKey: key.didKey,
    madeAt: host.clock.now(),
    checkedAt: undefined,
    addedAt: undefined,
  }
  await store.write([{ key: recoveryKey(did), value: row }])
  changed(did)
  return {
    didKey: key.didKey,
    words,
    file: keyFile(key, { did, ...(handle === undefined ? {} : { handle }) }),
  }
}

/**
 * Whether what the person has is the key that was made: a key that was not written down well saves nobody.
 *
 * @throws MovingError `moving.bad-key`, `moving.wrong-key`, `moving.no-key`
 */
export async function checkKey(
  { store, host, changed }: MovingHost,
  did: string,
  text: string,
): Promise<void> {
  const row = await recoveryRow(store, did)
  if (row === undefined) throw new MovingError('moving.no-key', { did })
  const keys = await readKeys(text)
  if (!keys.some(({ didKey }) => didKey === row.didKey)) {
    throw new MovingError('moving.wrong-key', { didKey: keys[0]?.didKey })
  }
  await store.write([{ key: recoveryKey(did), value: { ...row, checkedAt: host.clock.now() } }])
  changed(did)
}

/**
 * Puts the recovery key before all others in the identity. The account's server signs that, and what it signed is
 * read before it goes to the directory.
 *
 * @param code as the server has sent it by mail
 * @throws MovingError `moving.no-key`, `moving.keys-full`, `moving.code-wrong`, `moving.identity-changed`;
 * AccountError; PdsError
 */
export async function addKey(parts: MovingHost, did: string, code: string): Promise<void> {
  const { store, host, sessions } = parts
  const row = await recoveryRow(store, did)
  if (row?.checkedAt === undefined) throw new MovingError('moving.no-key', { did })
  const asked = await parts.endpoints()
  const network = networkOf(host, asked)
  const { log } = await currentPlcLog(network, asked.plc, did)
  const prev = log.operations.findLast((it) => !it.nullified)?.cid
  if (log.current === 'tombstoned' || prev === undefined) {
    throw new MovingError('moving.identity-changed', { did })
  }
  const rotationKeys = [row.didKey, ...log.current.rotationKeys.filter((key) => key !== row.didKey)]
  if (rotationKeys.length > MAX_ROTATION_KEYS) {
    throw new MovingError('moving.keys-full', { did, most: MAX_ROTATION_KEYS })
  }
  const state = { ...log.current, rotationKeys }
  if (stateText(state) !== stateText(log.current)) {
    const session = await sessions.require(did, 'move')
    const server = new URL(session.pds).host
    try {
      const { identity } = (await session.agent()).com.atproto
      const { data } = await identity.signPlcOperation({ token: code.trim(), rotationKeys })
      readMadeOperation(data.operation, { state, prev }, server)
      await identity.submitPlcOperation({ operation: data.operation })
    } catch (error) {
      if (isCallError(error) && ['InvalidToken', 'ExpiredToken'].includes(error.error)) {
        throw new MovingError('moving.code-wrong', { host: server })
      }
      throw callError(error, { did, host: server })
    }
    const { log: after } = await currentPlcLog(network, asked.plc, did)
    if (after.current === 'tombstoned' || after.current.rotationKeys[0] !== row.didKey) {
      throw new MovingError('moving.identity-changed', { did })
    }
  }
  await store.write([{ key: recoveryKey(did), value: { ...row, addedAt: host.clock.now() } }])
  parts.changed(did)
  await parts.note(did, { kind: 'moving.key-added', fields: {}, level: 'good' })
}

/** Brings to this device what the account has beside its repo. Throws AccountError; PdsError. */
export async function exportPrivate(parts: MovingHost, did: string): Promise<PrivateRow> {
  const session = await parts.sessions.require(did, 'preferences')
  const about = { did, host: new URL(session.pds).host }
  const read = await readPrivate(await session.agent(), about, parts.host.clock.now())
  // only our own rows are under this key
  const before = (await parts.store.get(privateKey(did))) as PrivateRow | undefined
  const row = mergePrivate(before, read)
  if (!isEmpty(row)) await parts.store.write([{ key: privateKey(did), value: row }])
  parts.changed(did)
  return row
}

const PRIVATE_TYPE = 'app.cairn.private-data'
const NAMES: readonly PrivateName[] = ['preferences', 'mutes', 'mutedLists', 'drafts', 'bookmarks']

/** What {@link exportPrivate} kept, as the text of a file; undefined before it was called. */
export async function privateFile(
  { store }: Pick<MovingHost, 'store'>,
  did: string,
): Promise<string | undefined> {
  // only our own rows are under this key
  const row = (await store.get(privateKey(did))) as PrivateRow | undefined
  return row === undefined ? undefined : `${JSON.stringify({ type: PRIVATE_TYPE, ...row }, null, 2)}\n`
}

/** Longest private file that is read, characters. */
const MAX_FILE = 16 * 1024 * 1024

/**
 * Takes such a file back, on a device that has not got it.
 *
 * @throws MovingError `moving.not-a-repo` for any other file, `moving.wrong-account`
 */
export async function takePrivate(parts: MovingHost, did: string, text: string): Promise<void> {
  const fail = (): MovingError => new MovingError('moving.not-a-repo', { name: 'private' })
  let file: unknown
  try {
    file = text.length > MAX_FILE ? undefined : JSON.parse(text)
  } catch {
    throw fail()
  }
  if (!isObject(file) || file['type'] !== PRIVATE_TYPE || typeof file['at'] !== 'number') throw fail()
  if (file['did'] !== did) throw new MovingError('moving.wrong-account', { did, found: file['did'] })
  const given = Array.isArray(file['parts']) ? file['parts'].filter(isObject) : []
  const partsRead = NAMES.map((name): PrivatePart => {
    const items = given.find((part) => part['name'] === name)?.['items']
    return { name, items: Array.isArray(items) ? items : undefined, problem: undefined }
  })
  const row: PrivateRow = { did, at: file['at'], parts: partsRead }
  await parts.store.write([{ key: privateKey(did), value: row }])
  parts.changed(did)
}

/** Only our own rows are under this key. */
const recoveryRow = async (store: MovingHost['store'], did: string): Promise<RecoveryRow | undefined> =>
  (await store.get(recoveryKey(did))) as RecoveryRow | undefined
