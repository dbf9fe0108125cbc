import { utf8 } from '../../../core/bytes.ts'
import { CODEC_DAG_CBOR, cidString } from '../../../core/cid.ts'
import { formatTid } from '../../../core/tid.ts'
import { sha256 } from '../../../pack/testing/sha256.ts'
import { createTestKey, type TestKey } from '../../../repo/testing/keys.ts'
import { createPrng } from '../../../repo/testing/prng.ts'
import type { Act, NamedHead, Role } from '../model.ts'
import { encodeOperation, parseOperation, type SignedOperation } from '../operation.ts'
import { createOperationSet, type OperationSet } from '../set.ts'

const keys = new Map<string, TestKey>()

/** The key of somebody with this name: the same on every call. */
export function keyOf(name: string): TestKey {
  const held = keys.get(name)
  if (held !== undefined) return held
  const key = createTestKey(createPrng(`member ${name}`), 'p256')
  keys.set(name, key)
  return key
}

export const did = (name: string): string => keyOf(name).didKey
export const SPACE = `at://${did('authority')}/space/app.cairn.group/main`

export const commitCid = (name: string): string => cidString(CODEC_DAG_CBOR, sha256(utf8(`commit ${name}`)))
export const revOf = (n: number): string => formatTid(1_700_000_000_000_000 + n, 0)
/** Head number `n` of a device; 0 is none. */
export const headOf = (name: string, n: number): NamedHead => ({
  device: did(name),
  rev: n === 0 ? null : revOf(n),
  commit: n === 0 ? null : commitCid(`${name} ${n}`),
})

/** What somebody does, without signatures that hold: for rules, which look at none. */
export interface Story {
  /** `by` in the name of the authority: `authority` or a successor */
  readonly does: (author: string, act: Act, options?: DoesOptions) => SignedOperation
  readonly all: () => SignedOperation[]
  /** operations that no other has as a parent */
  readonly heads: () => SignedOperation[]
  /** an operation and all before it, by CID */
  readonly past: (of: readonly SignedOperation[]) => Set<string>
}

export interface DoesOptions {
  readonly after?: readonly SignedOperation[]
  readonly by?: string
  readonly seq?: number
  readonly at?: number
}

const NO_SIGNATURE = new Uint8Array(64)

export function createStory(space = SPACE): Story {
  const made = new Map<string, SignedOperation>()
  const pasts = new Map<string, Set<string>>()
  const past = (of: readonly SignedOperation[]): Set<string> =>
    new Set(of.flatMap((it) => [it.cid, ...(pasts.get(it.cid) ?? [])]))
  const heads = (): SignedOperation[] => {
    const named = new Set([...made.values()].flatMap((it) => it.operation.parents))
    return [...made.values()].filter((it) => !named.has(it.cid))
  }
  return {
    all: () => [...made.values()],
    heads,
    past,
    does(author, act, { after = heads(), by, seq, at = 0 } = {}) {
      const before = past(after)
      const own = [...before].filter((it) => made.get(it)?.operation.author === did(author)).length
      const parents = after.filter((it) => !after.some((other) => pasts.get(other.cid)?.has(it.cid) === true))
      const auth = by === undefined ? null : { key: did(by), sig: NO_SIGNATURE }
      const fields = {
        space,
        author: did(author),
        seq: seq ?? own + 1,
        parents: parents.map((it) => it.cid).sort(),
        at,
        act,
      }
      const signed = parseOperation(encodeOperation(fields, auth, NO_SIGNATURE), sha256)
      made.set(signed.cid, signed)
      pasts.set(signed.cid, before)
      return signed
    },
  }
}

export const acts = {
  create: (successor?: string): Act => ({
    kind: 'create',
    body: { successor: successor === undefined ? null : did(successor) },
  }),
  role: (person: string, role: Role, heads: NamedHead[] = []): Act => ({
    kind: 'role',
    body: { person: did(person), role, enrol: role !== 'none', heads: sorted(heads), via: null },
  }),
  /** changes the role and makes no device theirs */
  change: (person: string, role: Role, heads: NamedHead[] = []): Act => ({
    kind: 'role',
    body: { person: did(person), role, enrol: false, heads: sorted(heads), via: null },
  }),
  leave: (person: string, heads: NamedHead[] = []): Act => ({
    kind: 'leave',
    body: { person: did(person), heads: sorted(heads) },
  }),
  device: (person: string, device: string): Act => ({
    kind: 'device',
    body: { person: did(person), device: did(device), consent: NO_SIGNATURE },
  }),
  drop: (person: string, heads: NamedHead[]): Act => ({
    kind: 'drop',
    body: { person: did(person), heads: sorted(heads) },
  }),
  freeze: (name: string, n: number): Act => ({ kind: 'freeze', body: { ...headOf(name, n), void: false } }),
  void: (name: string): Act => ({ kind: 'freeze', body: { ...headOf(name, 0), void: true } }),
  cut: (...names: string[]): Act => ({ kind: 'cut', body: { devices: names.map(did).sort() } }),
  successor: (name: string): Act => ({ kind: 'successor', body: { key: did(name) } }),
  succeed: (): Act => ({ kind: 'succeed', body: {} }),
  hide: (item: string, hidden = true): Act => ({ kind: 'hide', body: { item, hidden } }),
}

const sorted = (heads: readonly NamedHead[]): NamedHead[] =>
  [...heads].sort((a, b) => (a.device < b.device ? -1 : 1))

/** A set that these were put into, in this order. */
export function setOf(operations: Iterable<SignedOperation>): OperationSet {
  const set = createOperationSet(SPACE)
  for (const it of operations) set.insert(it)
  return set
}

/** Everything that a set says, as text. */
export function shown(set: OperationSet): string {
  const { persons, devices, frozen, ...rest } = set.state()
  const { heads } = rest
  return JSON.stringify({
    ...rest,
    persons: [...persons],
    devices: [...devices],
    access: [...(set.history.accessAt(heads) ?? [])].sort(),
    barriers: set.history.barriers(),
    frozen: [...frozen].map(([device, head]) => [device, head ?? null]),
    forks: set.forks().map((it) => [it.author, it.seq, it.operations.map(({ cid }) => cid)]),
  })
}
