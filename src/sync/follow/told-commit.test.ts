import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { carBytes } from '../../repo/testing/car.ts'
import { cidText } from '../../repo/testing/cid.ts'
import { editRepo, type RepoEdits } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { wholeCommit, wholeEvent } from './testing/told.ts'
import { readToldCommit } from './told-commit.ts'

const repo = generateRepo({ seed: 'told', records: 300 })
const read = (event: ReturnType<typeof wholeEvent>) => readToldCommit(event, sha256)
const refused = (reason: string) => ({ code: 'firehose.unproven', fields: { did: repo.did, reason } })

describe('a commit that is told of whole', () => {
  it.each<[string, RepoEdits]>([
    ['a creation', { create: 1 }],
    ['an update', { update: 1 }],
    ['a deletion', { delete: 1 }],
    ['many of each', { create: 40, update: 40, delete: 40 }],
  ])('of %s undone is the tree before', async (_name, edits) => {
    for (let i = 0, before: typeof repo = repo; i < 8; i++) {
      const after = editRepo(before, edits)
      const told = await read(wholeEvent(before, after))
      expect([told.before, told.after].map(toHex)).toEqual(
        [before.root, after.root].map((it) => toHex(it.subarray(4))),
      )
      expect(told.changes).toHaveLength(after.created.length + after.updated.length + after.deleted.length)
      before = after
    }
  })

  it('may empty a repo, and fill an empty one', async () => {
    const few = generateRepo({ seed: 'few', records: 3 })
    const empty = editRepo(few, { delete: 3 })
    const again = editRepo(empty, { create: 2 })
    expect((await read(wholeEvent(few, empty))).changes).toHaveLength(3)
    expect((await read(wholeEvent(empty, again))).changes).toHaveLength(2)
  })

  const after = editRepo(repo, { create: 2, update: 1, delete: 1 })
  const { blocks, ops } = wholeCommit(repo, after)
  const other = { $link: cidText(repo.commit) }
  it.each<[string, string, Record<string, unknown>]>([
    ['leaves an operation out', 'inversion', { ops: ops.slice(1) }],
    ['names another tree before', 'inversion', { prevData: other }],
    ['names no tree before', 'no-tree-before', { prevData: null }],
    [
      'says another record was there',
      'inversion',
      { ops: ops.map((op) => ('prev' in op ? { ...op, prev: other } : op)) },
    ],
    ['does not say what was there', 'operations', { ops: ops.map(({ prev: _, ...op }) => op) }],
    ['calls an update a creation', 'operations', { ops: ops.map((op) => ({ ...op, action: 'create' })) }],
    ['names a path twice', 'operations', { ops: [...ops, ops[0]] }],
    ['names a path that is none', 'operations', { ops: ops.map((op) => ({ ...op, path: '../x' })) }],
    [
      'has more operations than a commit',
      'operations',
      { ops: Array.from({ length: 201 }, (_, i) => ({ ...ops[0], path: `a.b.c/${i}` })) },
    ],
    ['was too big', 'too-big', { tooBig: true }],
    ['is of another rev', 'commit', { rev: repo.rev }],
    ['is another commit', 'commit', { commit: other }],
    ['has no blocks', 'repo.car-truncated', { blocks: new Uint8Array() }],
    ['lacks its records', 'record-missing', { blocks: carBytes([after.commit], blocks.slice(0, -3)) }],
    [
      'lacks nodes',
      'repo.node-missing',
      {
        blocks: carBytes(
          [after.commit],
          [blocks[0], ...blocks.slice(2)].flatMap((it) => it ?? []),
        ),
      },
    ],
    [
      'has a block of another hash',
      'repo.bad-hash',
      {
        blocks: carBytes(
          [after.commit],
          blocks.map((it, i) => (i === 1 ? { ...it, bytes: it.bytes.with(9, 0) } : it)),
        ),
      },
    ],
  ])('that %s is not believed', async (_name, reason, more) => {
    await expect(read(wholeEvent(repo, after, more))).rejects.toMatchObject(refused(reason))
  })

  it('that names a record which the new tree has not is not believed', async () => {
    const wrong = ops.map((op) =>
      op['action'] === 'create'
        ? { ...op, cid: { $link: cidText(repo.records[0]?.cid ?? repo.commit) } }
        : op,
    )
    const more = { ops: wrong, blocks: carBytes([after.commit], [...blocks, ...repo.records.slice(0, 1)]) }
    await expect(read(wholeEvent(repo, after, more))).rejects.toMatchObject(refused('repo.root-mismatch'))
  })
})
