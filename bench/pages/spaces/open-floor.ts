import { encodeParts } from '../../../src/spaces/crypto.ts'
import { openDatabase } from '../database.ts'
import type { Task } from '../worker.ts'
import type { FloorSpace } from './open.ts'

const STORE = 'space-records'
const ROWS = 1024
const NONE = new Uint8Array(12)

/**
 * The same records, read from the same rows and decrypted with the same keys by the same derivation. Nothing is
 * checked, decoded or kept. The next rows are read while some are decrypted.
 */
export const floorSpace: Task<'floorSpace'> = async () => {
  const keys = await openDatabase('floor-space')
  // written by `keepSpace`
  const { space, epochs } = (await asked(
    keys.transaction('values').objectStore('values').get('floor-space'),
  )) as FloorSpace
  return async () => {
    const db = await asked(indexedDB.open('cairn'))
    const secrets = new Map<string, CryptoKey>()
    for (const { name, key } of epochs) {
      const secret = await crypto.subtle.importKey('raw', new Uint8Array(key), 'HKDF', false, ['deriveKey'])
      secrets.set(String(name), secret)
    }
    let [records, bytes] = [0, 0]
    // small records lie in their rows, larger ones are values of their own
    for (const prefix of [space, `=${space}`]) {
      const end = `${prefix}0`
      let next: Promise<Rows> | undefined = readRows(db, `${prefix}/`, end)
      while (next !== undefined) {
        const { found, last }: Rows = await next
        next = last === undefined ? undefined : readRows(db, `${last}\u0000`, end)
        const opened = await Promise.all(
          found
            .filter(({ key }) => key.includes('/app.cairn.sealed/'))
            .map(({ key, value }) => open(key, value, secrets)),
        )
        records += opened.length
        for (const length of opened) bytes += length
      }
    }
    db.close()
    return { records, bytes }
  }
}

interface Rows {
  readonly found: readonly { readonly key: string; readonly value: Uint8Array<ArrayBuffer> }[]
  readonly last: string | undefined
}

async function readRows(db: IDBDatabase, from: string, end: string): Promise<Rows> {
  const store = db.transaction(STORE).objectStore(STORE)
  const range = IDBKeyRange.bound(from, end, false, true)
  const [keys, values] = await Promise.all([
    asked(store.getAllKeys(range, ROWS)),
    asked(store.getAll(range, ROWS)),
  ])
  // what the product writes there
  const texts = keys as string[]
  const found = texts.flatMap((key, at) => {
    const value = values[at] as Uint8Array<ArrayBuffer> | { readonly bytes?: Uint8Array<ArrayBuffer> }
    const bytes = value instanceof Uint8Array ? value : value.bytes
    return bytes === undefined ? [] : [{ key, value: bytes }]
  })
  return { found, last: texts.length < ROWS ? undefined : texts.at(-1) }
}

/** A sealed record's parts stand where its one encoding has them. */
async function open(
  key: string,
  value: Uint8Array<ArrayBuffer>,
  secrets: ReadonlyMap<string, CryptoKey>,
): Promise<number> {
  const salt = value.slice(8, 40)
  const epoch = value.slice(71, 103)
  const sealed = value.subarray(value[110] === 0x59 ? 113 : 115)
  const [space, author, rkey] = partsOf(key)
  const secret = secrets.get(String(epoch))
  if (secret === undefined) throw new Error('a key is missing')
  const info = encodeParts(['cairn.space.record.v1', space, author, base32(rkey), salt])
  const additionalData = encodeParts([
    'cairn.space.sealed.v1',
    `${space}/${author}/app.cairn.sealed/${rkey}`,
    epoch,
  ])
  const aes = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info },
    secret,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  )
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: NONE, additionalData }, aes, sealed)
  return plain.byteLength
}

/** `at://{did}/space/{type}/{skey}/{author}/app.cairn.sealed/{rkey}`, or the same after `=` and before `/{cid}` */
function partsOf(key: string): [space: string, author: string, rkey: string] {
  const parts = (key.startsWith('=') ? key.slice(1) : key).split('/')
  return [parts.slice(0, 6).join('/'), parts[6] ?? '', parts[8] ?? '']
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'

/** 26 characters to 16 bytes. */
function base32(text: string): Uint8Array {
  const out = new Uint8Array(16)
  let [bits, count, at] = [0, 0, 0]
  for (const letter of text) {
    bits = ((bits << 5) | LETTERS.indexOf(letter)) & 0xfff
    count += 5
    if (count >= 8 && at < 16) out[at++] = (bits >> (count -= 8)) & 0xff
  }
  return out
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('request failed')))
  })
}
