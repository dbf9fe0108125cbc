import { describe, expect, it } from 'vitest'
import { GENESIS_ROOT, integrityOf } from '../../pack/chain.ts'
import { tidAfter } from '../../repo/testing/generate.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { headOf, repoRow } from '../kept.ts'
import { expectNothingTwice } from '../testing/sync-kit.ts'
import { askFor } from './ask.ts'
import { COMMIT_TABLE, PARTITION } from './model.ts'
import { takeList } from './take-list.ts'
import { answerOf, expectProven, packBytes, withTwo } from './testing/packs-kit.ts'

/** A like as the app writes it: of all records the most, and the shortest but for follows. */
const like = (rev: string, i: number) => ({
  path: `app.bsky.feed.like/${tidAfter(rev, i + 1)}`,
  value: {
    $type: 'app.bsky.feed.like',
    subject: {
      cid: 'bafyreigbk5zwhcbkcjfnlzcfvzkqcqkqvbkqtqnvs4mhb6kdxc5bzxtzxa',
      uri: `at://did:plc:z72i7hdynmk6r22z27h6tvur/app.bsky.feed.post/${tidAfter(rev, i + 9)}`,
    },
    createdAt: '2026-09-01T12:34:56.789Z',
  },
})

describe('a list of what changed', () => {
  it('moves the head, and the chain goes on from list to list', () =>
    withTwo(60, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      let root = GENESIS_ROOT
      for (let i = 0; i < 3; i++) {
        alice.commit({ create: 2, update: 1, delete: 1 })
        await a.backUp(alice.did)
        const { verifiedRoot = GENESIS_ROOT } = await askFor(b.storage, alice.did)
        expect(verifiedRoot).toBe(root)
        const { snapshot } = await pull((answer) => {
          expect(answer.integrity?.previousChainRoot).toBe(verifiedRoot)
          root = answer.integrity?.commitChainRoot ?? ''
          return answer
        })
        expect(snapshot).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', source: 'peer' })
        expect((await repoRow(b.storage, alice.did))?.chain).toEqual({ root, commit: snapshot?.commitCid })
      }
      await expectProven(b, alice)
      await expectNothingTwice(b.storage, alice.did)
      // A head that came another way begins a new chain.
      alice.commit({ create: 1 })
      await b.backUp(alice.did)
      expect((await askFor(b.storage, alice.did)).verifiedRoot).toBeUndefined()
      const whole = await headOf(b.storage, alice.did)
      await a.backUp(alice.did)
      expect((await headOf(a.storage, alice.did))?.collections).toEqual(whole?.collections)
    }))

  it('may tell its changes in any order', () =>
    withTwo(60, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      alice.commit({ create: 20, update: 5, delete: 5 })
      await a.backUp(alice.did)
      await pull((answer) => {
        const commits = answer.commits.map((it) => ({ ...it, changes: it.changes.toReversed() }))
        const integrity = integrityOf(commits, { partitionId: PARTITION, subscriptionId: alice.did }, sha256)
        return { ...answer, commits, ...(integrity && { integrity }) }
      })
      await expectProven(b, alice)
    }))

  it('does not store again what only changed its path, and counts what is there', () =>
    withTwo(60, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      const [one, two] = alice.repo.records
      if (one === undefined || two === undefined) throw new Error('records')
      alice.commit({
        create: [{ path: 'app.bsky.feed.like/again', copyOf: one.path }],
        delete: [one.path, two.path],
      })
      await a.backUp(alice.did)
      const { snapshot } = await pull()
      expect(snapshot?.collections).toEqual((await headOf(a.storage, alice.did))?.collections)
      await expectProven(b, alice)
      await expectNothingTwice(b.storage, alice.did)
    }))

  it('costs little more than what it tells', () =>
    withTwo(400, async ({ a, b, alice, pull }) => {
      await a.backUp(alice.did)
      await b.backUp(alice.did)
      for (const changes of [1, 100]) {
        const few = Math.floor(changes / 10)
        const create = Array.from({ length: changes - 2 * few }, (_, i) => like(alice.repo.rev, i))
        alice.commit({ create, update: few, delete: few })
        await a.backUp(alice.did)
        let told = 0
        let information = 0
        await pull((answer) => {
          told = packBytes(answer).length
          for (const { row, rowId, table } of answer.commits[0]?.changes ?? []) {
            const { record } = (row ?? {}) as { record?: Uint8Array }
            information += (table === COMMIT_TABLE ? 0 : rowId.length) + (record?.length ?? 0)
          }
          return answer
        })
        console.info(`${changes} changes: ${told} bytes for ${information} of information`)
        if (changes === 1) expect(told - information).toBeLessThanOrEqual(1024)
        else expect(told / information).toBeLessThanOrEqual(1.2)
      }
      await expectProven(b, alice)
    }))

  it('is not given by who has nothing newer, knows the head not, or does not keep the repo', () =>
    withTwo(20, async ({ a, b, alice, pull }) => {
      await b.backUp(alice.did)
      await expect(pull()).rejects.toMatchObject({ code: 'sync.peer-lacks', fields: { peer: 'node-0' } })
      await a.backUp(alice.did)
      await expect(pull()).rejects.toMatchObject({ code: 'sync.peer-behind', fields: { peer: 'node-0' } })
      alice.commit({ create: 1 })
      await b.backUp(alice.did)
      await expect(pull()).rejects.toMatchObject({ code: 'sync.peer-behind', fields: { peer: 'node-0' } })
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      // b holds a head that a never saw.
      await expect(pull()).rejects.toMatchObject({ code: 'sync.unlisted', fields: { peer: 'node-0' } })
      const ask = await askFor(b.storage, alice.did)
      const refused = await answerOf(a, ask, { mayRead: () => false })
      const nobody = await answerOf(a, { ...ask, id: 'did:plc:nobody' })
      expect(refused).toEqual({ ...nobody, id: alice.did })
      expect(nobody).toEqual({
        id: 'did:plc:nobody',
        status: 'revoked',
        scopes: {},
        bootstrap: false,
        nextCursor: ask.cursor,
        commits: [],
      })
    }))

  it('is not applied to a head that moved, nor beside an import that was cut off', () =>
    withTwo(20, async ({ a, b, pds, alice, pull }) => {
      await b.backUp(alice.did)
      const ask = await askFor(b.storage, alice.did)
      alice.commit({ create: 1 })
      await b.backUp(alice.did)
      await a.backUp(alice.did)
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      const given = { ask, subscription: await answerOf(a, ask), peer: 'p', label: 'alice', work: b.work() }
      await expect(takeList(b.host, pds.endpoints, given)).rejects.toMatchObject({
        code: 'storage.conflict',
        fields: { table: 'repos' },
      })
      const row = { id: 'cutoff', did: alice.did, startedAt: 1, source: 'peer', label: '' }
      await b.storage.write([{ type: 'put', table: 'imports', key: alice.did, value: row }])
      await expect(pull()).rejects.toMatchObject({ code: 'storage.conflict', fields: { table: 'imports' } })
      expect(await b.storage.get('imports', alice.did)).toEqual(row)
    }))
})
