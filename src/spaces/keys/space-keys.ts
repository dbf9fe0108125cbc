import { parseSpace } from '../../repo/space/uri.ts'
import type { Storage } from '../../storage/port.ts'
import { isNoValue, type MadeDevice, makeBytes, makePairs, readDevice } from './device-row.ts'
import { KeysError } from './errors.ts'
import { createKeyWrap } from './hpke.ts'
import type { SpaceDevice, SpaceKeys } from './model.ts'

const TABLE = 'space-keys'
/** Digits of a device's number: keys sort as the numbers do. */
const DIGITS = 16
/** Devices of one space that one profile has been: far more than clones there are. */
const MAX_DEVICES = 64
const NAME = /^[\x21-\x2e\x30-\x7e]{1,200}$/
const MAX_SECRET_BYTES = 4096

/**
 * Keys in the table `space-keys`, each space's under `{space}/`: `device/{number}`, of which the highest counts, and
 * `secret/{name}`. Contexts that start at once end with one device: it is made under a lock that all of them share.
 *
 * Throws StorageError; KeysError `keys.invalid` (no space, name or key), `keys.damaged`.
 */
export function createSpaceKeys({ storage }: { readonly storage: Storage }): SpaceKeys {
  const locked = async <T>(space: string, work: () => Promise<T>): Promise<T> =>
    storage.lock(`${TABLE}/${prefixOf(space)}`, { mode: 'exclusive' }, work)
  const rows = async (space: string, limit: number) => {
    const prefix = `${prefixOf(space)}device/`
    return storage.list(TABLE, { from: prefix, to: after(prefix), reverse: true, limit })
  }

  async function newest(space: string): Promise<{ number: number; value: unknown } | undefined> {
    const [row] = await rows(space, 1)
    if (row === undefined) return undefined
    return { number: Number(row.key.slice(row.key.lastIndexOf('/') + 1)), value: row.value }
  }

  async function make(space: string, number: number): Promise<SpaceDevice> {
    const key = `${prefixOf(space)}device/${String(number).padStart(DIGITS, '0')}`
    const keep = async ({ row, device }: MadeDevice): Promise<SpaceDevice> => {
      await storage.write([{ type: 'add', table: TABLE, key, value: row }])
      return device
    }
    try {
      return await keep(await makePairs())
    } catch (error) {
      if (!isNoValue(error)) throw error
      return keep(await makeBytes())
    }
  }

  return {
    wrap: createKeyWrap(),
    device: (space) =>
      locked(space, async () => {
        const kept = await newest(space)
        return kept === undefined ? make(space, 1) : readDevice(space, kept.value)
      }),
    renew: (space) => locked(space, async () => make(space, ((await newest(space))?.number ?? 0) + 1)),
    async devices(space) {
      const found = await rows(space, MAX_DEVICES)
      return Promise.all(found.map(({ value }) => readDevice(space, value)))
    },
    async secret(space, name) {
      const kept = await storage.get(TABLE, secretKey(space, name))
      return kept instanceof Uint8Array ? new Uint8Array(kept) : undefined
    },
    async keepSecret(space, name, key) {
      if (key.length === 0 || key.length > MAX_SECRET_BYTES)
        throw new KeysError('keys.invalid', { what: 'key' })
      const value = new Uint8Array(key)
      await storage.write([{ type: 'put', table: TABLE, key: secretKey(space, name), value }])
    },
    async dropSecret(space, name) {
      await storage.write([{ type: 'delete', table: TABLE, key: secretKey(space, name) }])
    },
    forget: (space) =>
      locked(space, () => {
        const from = prefixOf(space)
        return storage.write([{ type: 'delete-range', table: TABLE, from, to: after(from) }])
      }),
  }
}

function secretKey(space: string, name: string): string {
  if (!NAME.test(name)) throw new KeysError('keys.invalid', { what: 'name' })
  return `${prefixOf(space)}secret/${name}`
}

/** No space's URI with a slash begins another's: all have as many parts. */
function prefixOf(space: string): string {
  if (parseSpace(space) === undefined) throw new KeysError('keys.invalid', { what: 'space' })
  return `${space}/`
}

/** The end of what begins with a text that ends with a slash. */
const after = (prefix: string): string => `${prefix.slice(0, -1)}0`
