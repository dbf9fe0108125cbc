import { equalBytes } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Storage } from '../../storage/port.ts'
import { type Epoch, readEpoch } from '../epochs/epoch.ts'
import { openAncestors, openEpoch, type OpenEpoch } from '../epochs/keys.ts'
import { type KeyUnwrap, parseWrap, unwrapEpoch, type Wrap } from '../epochs/wrap.ts'
import { SpacesError } from '../errors.ts'
import { indexOf } from '../members/subjects.ts'
import { epochRowOp, readEpochRows } from './epoch-rows.ts'
import { deviceTag, readEpochRecord, readWrapRecord } from './places.ts'

/**
 * The epochs of a space: which are known, which open here, and in whose repos they lie. A key comes by a wrap for this
 * device, by a join link, or by an epoch that carries its parents' keys; what opened once opens again without any.
 */
export interface Keyring {
  /** What a repo has under an epoch's name: undefined when it is gone. */
  putEpoch(device: string, name: string, record: Uint8Array | undefined): Promise<CairnError | undefined>
  /** What a repo has as a wrap, for whomever. */
  putWrap(
    device: string,
    at: { readonly epoch: string; readonly tag: string },
    record: Uint8Array | undefined,
  ): void
  /** A repo is gone. */
  dropDevice(device: string): void
  /** A key by other ways: of a join link, or one that was made here. Durable when it resolves. */
  learn(name: string, key: Uint8Array, bytes?: Uint8Array): Promise<void>
  /** Opens what can be opened by now, by any of these: names of what opened, and what failed. Durable when it resolves. */
  settle(
    own: readonly KeyUnwrap[],
  ): Promise<{ readonly opened: readonly string[]; readonly faults: readonly CairnError[] }>
  get(name: string): OpenEpoch | undefined
  held(): Iterable<OpenEpoch>
  /** Signed bytes of an epoch that is known. */
  bytes(name: string): Uint8Array | undefined
  /** whether some repo that counts has it */
  lies(name: string): boolean
  hasWrap(epoch: string, device: string): boolean
  /** Keys that were told, of epochs that are not open yet. */
  told(): readonly { readonly name: string; readonly key: Uint8Array }[]
  /** Epochs that are here, opened or not. */
  known(): readonly Epoch[]
  /** Rises with each epoch, wrap and key that comes or goes. */
  readonly turn: number
  /** Those that are held: after how many others, the most first; then by name. */
  newestFirst(): readonly OpenEpoch[]
}

interface Known {
  readonly info: Epoch
  readonly bytes: Uint8Array
  /** devices in whose repos it lies */
  readonly at: Set<string>
}

/** With what was kept of earlier openings. Throws StorageError. */
export async function createKeyring(storage: Storage, space: string, sha256: Sha256): Promise<Keyring> {
  const known = new Map<string, Known>()
  const open = new Map<string, OpenEpoch>()
  /** of those the ones that were given as opened */
  const durable = new Set<string>()
  /** keys that were told and not tried yet */
  const told = new Map<string, Uint8Array>()
  /** names of rows whose epoch is kept too */
  const kept = new Set<string>()
  /** by epoch and device tag: by whom */
  const wraps = new Map<string, Map<string, Uint8Array>>()
  /** epochs for which this device may have a new wrap or key */
  const due = new Set<string>()
  let turn = 0

  const tags = new Map<string, string>()
  const tagOf = (device: string): string => indexOf(tags, device, () => deviceTag(device, sha256))

  const note = (info: Epoch, bytes: Uint8Array): Known => {
    const entry = known.get(info.name) ?? { info, bytes: bytes.slice(), at: new Set<string>() }
    known.set(info.name, entry)
    return entry
  }
  for (const [name, { key, bytes }] of await readEpochRows(storage, space)) {
    told.set(name, key)
    due.add(name)
    if (bytes === undefined) continue
    try {
      note(await readEpoch(bytes), bytes)
      kept.add(name)
    } catch (error) {
      // A repo may have it still.
      if (!(error instanceof SpacesError)) throw error
    }
  }

  async function tryKeys(name: string, own: readonly KeyUnwrap[], faults: CairnError[]): Promise<void> {
    const info = known.get(name)?.info
    if (info === undefined || open.has(name)) return
    const key = told.get(name)
    const tries: (() => Promise<OpenEpoch>)[] = key === undefined ? [] : [() => openEpoch(info, key)]
    for (const it of own)
      for (const record of wraps.get(`${name}.${tagOf(it.device)}`)?.values() ?? [])
        tries.push(async () => unwrapEpoch(info, readOwnWrap(record), it))
    for (const attempt of tries) {
      try {
        open.set(name, await attempt())
        return
      } catch (error) {
        if (!(error instanceof CairnError)) throw error
        faults.push(error)
      }
    }
  }

  const readOwnWrap = (record: Uint8Array): Wrap => parseWrap(readWrapRecord(record))

  return {
    async putEpoch(device, name, record) {
      turn++
      known.get(name)?.at.delete(device)
      if (record === undefined) return undefined
      try {
        const bytes = readEpochRecord(record)
        const held = known.get(name)
        const info = held !== undefined && equalBytes(bytes, held.bytes) ? held.info : await readEpoch(bytes)
        if (info.name !== name || info.space !== space)
          return new SpacesError('spaces.epoch-malformed', { reason: 'name' })
        note(info, bytes).at.add(device)
        due.add(name)
        // Those that wait for it as a parent.
        for (const it of open.values())
          if (it.info.parents.some((parent) => parent.name === name)) due.add(it.info.name)
        return undefined
      } catch (error) {
        if (error instanceof CairnError) return error
        throw error
      }
    },
    putWrap(device, { epoch, tag }, record) {
      turn++
      const key = `${epoch}.${tag}`
      const by = wraps.get(key) ?? new Map<string, Uint8Array>()
      if (record === undefined) by.delete(device)
      else by.set(device, record)
      if (by.size === 0) wraps.delete(key)
      else wraps.set(key, by)
      if (record !== undefined) due.add(epoch)
    },
    dropDevice(device) {
      turn++
      for (const { at } of known.values()) at.delete(device)
      for (const [key, by] of wraps) if (by.delete(device) && by.size === 0) wraps.delete(key)
    },
    async learn(name, key, bytes) {
      if (bytes !== undefined) note(await readEpoch(bytes), bytes)
      await storage.write([epochRowOp(space, name, { key, bytes: bytes ?? known.get(name)?.bytes })])
      if (bytes !== undefined) kept.add(name)
      turn++
      told.set(name, key)
      due.add(name)
    },
    async settle(own) {
      const faults: CairnError[] = []
      const names = [...due]
      due.clear()
      try {
        for (const name of names) await tryKeys(name, own, faults)
        const from = names.flatMap((name) => open.get(name) ?? [])
        const all = await openAncestors(from, (name) => (open.has(name) ? undefined : known.get(name)?.info))
        for (const [name, it] of all.opened) if (!open.has(name)) open.set(name, it)
        const opened = [...open.keys()].filter((name) => !durable.has(name))
        if (opened.length > 0) turn++
        const ops = opened.flatMap((name) => {
          const { key } = open.get(name) ?? {}
          const bytes = known.get(name)?.bytes
          return key === undefined || kept.has(name) ? [] : [epochRowOp(space, name, { key, bytes })]
        })
        if (ops.length > 0) await storage.write(ops)
        for (const name of opened) {
          kept.add(name)
          durable.add(name)
        }
        return { opened, faults: [...faults, ...all.faults] }
      } catch (error) {
        // The next time gives what opened now.
        for (const name of names) due.add(name)
        throw error
      }
    },
    known: () => [...known.values()].map(({ info }) => info),
    get turn() {
      return turn
    },
    get: (name) => open.get(name),
    held: () => open.values(),
    bytes: (name) => known.get(name)?.bytes,
    lies: (name) => (known.get(name)?.at.size ?? 0) > 0,
    hasWrap: (epoch, device) => wraps.has(`${epoch}.${tagOf(device)}`),
    told: () => [...told].flatMap(([name, key]) => (open.has(name) ? [] : [{ name, key }])),
    newestFirst: () => byDepth([...open.values()]),
  }
}

/** An epoch is after all that it names, however far back. */
function byDepth(list: readonly OpenEpoch[]): OpenEpoch[] {
  const byName = new Map(list.map((it) => [it.info.name, it]))
  const depth = new Map<string, number>()
  const steps = [...list]
  // A name is a hash of what it names, so there is no circle.
  for (let it = steps.at(-1); it !== undefined; it = steps.at(-1)) {
    const parents = it.info.parents.flatMap(({ name }) => byName.get(name) ?? [])
    const open = depth.has(it.info.name) ? [] : parents.filter((parent) => !depth.has(parent.info.name))
    if (open.length > 0) {
      steps.push(...open)
      continue
    }
    steps.pop()
    const deepest = parents.reduce((most, parent) => Math.max(most, depth.get(parent.info.name) ?? 0), 0)
    depth.set(it.info.name, deepest + 1)
  }
  const of = (it: OpenEpoch): number => depth.get(it.info.name) ?? 0
  return [...list].sort((a, b) => of(b) - of(a) || (a.info.name < b.info.name ? -1 : 1))
}
