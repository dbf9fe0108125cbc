import { describe, expect, it } from 'vitest'
import { canonicalJson, sha256Hex } from './canonical-json.ts'
import { chainRoot, checkChain, commitDigest, GENESIS_ROOT, integrityOf } from './chain.ts'
import type { PackCommit } from './model.ts'
import { sha256 } from './testing/sha256.ts'

const place = { partitionId: 'default', subscriptionId: 'sub-tasks' }

const commit = (commitSeq: number, row: PackCommit['changes'][number]['row']): PackCommit => ({
  commitSeq,
  createdAt: '2026-05-19T00:00:00.000Z',
  actorId: 'server',
  changes: [{ table: 'tasks', rowId: 'task-1', op: 'upsert', row, rowVersion: 1, scopes: {} }],
})
const first = commit(7, { id: 'task-1', title: 'Ship' })
const second = commit(8, { id: 'task-1', title: 'Shipped' })

describe('the digest of a commit', () => {
  it('and the root after it are those that the format gives', () => {
    const digest = commitDigest(first, place, sha256)
    expect(digest).toBe('7a5e8eeef6bc26fabad89b583615ff05fd9f0dc9ee11f338599d4ebb7d9b563b')
    expect(chainRoot(GENESIS_ROOT, { commitSeq: 7, commitDigest: digest }, place, sha256)).toBe(
      '49da5d3627ee04f62480cbdacc3e4a92a12ca5ca184769f83d6c65d28ffb312f',
    )
  })

  it('covers bytes as hexadecimal, and leaves out how rows travel', () => {
    const bytes = commit(1, { value: new Uint8Array([0, 0xab, 255]) })
    const same = commit(1, { value: { bytesHex: '00abff' } })
    expect(commitDigest(bytes, place, sha256)).toBe(commitDigest(same, place, sha256))
    const columns = [{ name: 'value', type: 'bytes' }] as const
    const grouped = { ...bytes, schemas: [{ table: 'tasks', columns }] }
    expect(commitDigest(grouped, place, sha256)).toBe(commitDigest(bytes, place, sha256))
  })

  it('is over the canonical JSON of all of it, however that is written', () => {
    const bytes = Uint8Array.from({ length: 5001 }, (_, i) => i & 255)
    const scopes = { 'b"': '\u2028', a: 'é' }
    const changes: PackCommit['changes'] = [
      { table: 'a\n', rowId: '\\', op: 'upsert', row: { b: bytes, a: null }, rowVersion: 3, scopes },
      { table: 'é'.repeat(200), rowId: '', op: 'delete', row: null, scopes },
      { table: 't', rowId: 'r'.repeat(200), op: 'upsert', row: [1, { c: 0.5 }], scopes: {} },
    ]
    for (const some of [changes, changes.slice(0, 1), []]) {
      const odd = { ...first, actorId: '"\ud800', changes: some }
      const { actorId, commitSeq, createdAt } = odd
      const whole = {
        ...{ ...place, actorId, commitSeq, createdAt, version: 'syncular-wire-commit-digest-v1' },
        changes: some.map((it) => ({ ...it, rowVersion: it.rowVersion ?? null })),
      }
      expect(commitDigest(odd, place, sha256)).toBe(sha256Hex(canonicalJson(whole), sha256))
    }
  })

  it('covers every part of it', () => {
    const [change] = first.changes
    if (change === undefined) expect.fail()
    const { rowVersion: _, ...unversioned } = change
    const others: PackCommit[] = [
      second,
      { ...first, actorId: 'other' },
      { ...first, createdAt: '2026-05-19T00:00:00.001Z' },
      { ...first, changes: [] },
      { ...first, changes: [change, change] },
      { ...first, changes: [{ ...change, table: 'task' }] },
      { ...first, changes: [{ ...change, rowId: 'task-2' }] },
      { ...first, changes: [{ ...change, op: 'delete' }] },
      { ...first, changes: [{ ...change, row: null }] },
      { ...first, changes: [{ ...change, scopes: { a: 'b' } }] },
      { ...first, changes: [unversioned] },
    ]
    const digests = [first, ...others].map((it) => commitDigest(it, place, sha256))
    digests.push(commitDigest(first, { ...place, partitionId: 'x' }, sha256))
    digests.push(commitDigest(first, { ...place, subscriptionId: 'x' }, sha256))
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe('the chain', () => {
  const integrity = integrityOf([first, second], place, sha256)
  const subscription = { id: 'sub-tasks', commits: [first, second], ...(integrity && { integrity }) }

  it('goes on where it ended', () => {
    const root = checkChain(subscription, sha256)
    const third = commit(9, null)
    const next = integrityOf([third], place, sha256, root)
    expect(next).toMatchObject({ previousChainRoot: root, commitSeq: 9 })
    if (next === undefined) expect.fail()
    const after = { id: 'sub-tasks', commits: [third], integrity: next }
    expect(checkChain(after, sha256, root)).toBe(next.commitChainRoot)
    // One after the other is the same as all at once.
    expect(integrityOf([first, second, third], place, sha256)?.commitChainRoot).toBe(next.commitChainRoot)
  })

  it('stays where it is when nothing came', () => {
    expect(integrityOf([], place, sha256)).toBeUndefined()
    expect(checkChain({ id: 'a', commits: [] }, sha256, 'f'.repeat(64))).toBe('f'.repeat(64))
  })

  const sound = integrity ?? expect.fail()
  it.each([
    ['commits without integrity', { id: 'sub-tasks', commits: [first] }, 'no integrity'],
    ['integrity without commits', { ...subscription, commits: [] }, 'no commits'],
    ['a commit left out', { ...subscription, commits: [second] }, 'root'],
    ['commits in another order', { ...subscription, commits: [second, first] }, 'commitSeq'],
    ['another subscription', { ...subscription, id: 'other' }, 'root'],
    ['another partition', { ...subscription, integrity: { ...sound, partitionId: 'x' } }, 'root'],
    ['another number', { ...subscription, integrity: { ...sound, commitSeq: 9 } }, 'commitSeq'],
    [
      'another beginning',
      { ...subscription, integrity: { ...sound, previousChainRoot: 'a'.repeat(64) } },
      'previous root',
    ],
    ['no digest', { ...subscription, integrity: { ...sound, commitChainRoot: 'A'.repeat(64) } }, 'form'],
  ])('refuses %s', (_, changed, reason) => {
    expect(() => checkChain(changed, sha256)).toThrow(
      expect.objectContaining({ code: 'pack.chain', fields: { reason } }),
    )
  })
})
