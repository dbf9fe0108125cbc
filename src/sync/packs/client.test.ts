import { describe, expect, it } from 'vitest'
import { utf8 } from '../../core/bytes.ts'
import { encodePack } from '../../pack/pack-writer.ts'
import type { SyncPack } from '../../pack/model.ts'
import { createPackHandler } from './handler.ts'
import { RESPONSE_BYTES } from './model.ts'
import { taken } from './push-results.ts'
import { all, answerOf, ask, didOf, sized, withLine } from './testing/wire-kit.ts'

describe('pulling', () => {
  it('many repos go in one round trip', () => {
    const ids = all(150)
    return withLine(
      { sources: [sized(new Map(ids.map((id) => [id, 100])))] },
      async ({ client, requests }) => {
        const { answers, unanswered } = await client.pull(ids.map(ask))
        expect([...answers.keys()].sort()).toEqual([...ids].sort())
        expect(unanswered).toEqual([])
        expect(requests.length).toBe(1)
      },
    )
  })

  it('what found no room comes in the next answers, and the largest comes alone', () => {
    const ids = all(7)
    const sizes = new Map(ids.map((id, i) => [id, i === 3 ? RESPONSE_BYTES * 2 : 400_000] as const))
    return withLine({ sources: [sized(sizes)] }, async ({ client, requests }) => {
      const { answers, unanswered } = await client.pull(ids.map(ask))
      expect(answers.size).toBe(7)
      expect(unanswered).toEqual([])
      // Two a round, and one round for what is longer than any room.
      expect(requests.length).toBe(4)
      expect(answers.get(didOf(3))?.commits[0]?.changes[0]?.row).toEqual({
        record: new Uint8Array(RESPONSE_BYTES * 2),
      })
    })
  })

  it('a repo that fails costs the others nothing, and tells nothing', () => {
    const ids = all(4)
    const sizes = new Map<string, number | 'fails'>(ids.map((id, i) => [id, i === 0 ? 'fails' : 10]))
    return withLine({ sources: [sized(sizes)] }, async ({ client, failures }) => {
      const { answers, unanswered } = await client.pull(ids.map(ask))
      expect([...answers.keys()]).toEqual(ids.slice(1))
      expect(unanswered).toEqual([ids[0]])
      expect(failures).toEqual([new Error('the disk'), new Error('the disk')])
    })
  })

  it('a repo that nobody owns is not kept', () =>
    withLine({ sources: [] }, async ({ client }) => {
      const { answers } = await client.pull([{ ...ask(didOf(1)), cursor: 77 }])
      expect(answers.get(didOf(1))).toMatchObject({
        status: 'revoked',
        scopes: {},
        nextCursor: 77,
        commits: [],
      })
    }))

  it('what several ask for while a request is on its way goes together in the next', () => {
    const ids = all(30)
    return withLine(
      { sources: [sized(new Map(ids.map((id) => [id, 100])))] },
      async ({ client, requests }) => {
        const first = client.pull([ask(didOf(0))])
        // The first request is on its way once its turn of the loop has passed.
        await Promise.resolve()
        await Promise.resolve()
        const rest = ids.slice(1).map((id) => client.pull([ask(id)]))
        const again = client.pull([ask(didOf(5))])
        const other = client.pull([{ ...ask(didOf(5)), cursor: 3 }])
        await Promise.all([first, again, ...rest])
        expect(requests.length).toBe(2)
        // Another question about the same repo has to wait for a request of its own.
        await other
        expect(requests.length).toBe(3)
      },
    )
  })

  it('a malformed ask is refused here, and spoils nothing for the others', () => {
    const source = sized(new Map([[didOf(1), 10]]))
    return withLine({ sources: [source] }, async ({ client, requests }) => {
      const wrong = client.pull([ask('alice')])
      const right = client.pull([ask(didOf(1))])
      await expect(wrong).rejects.toMatchObject({ code: 'sync.invalid-request' })
      expect((await right).answers.size).toBe(1)
      expect(requests.length).toBe(1)
    })
  })
})

describe('pushes and chunks', () => {
  it('go over the same stream, and a push with a pull in one request', () => {
    const id = didOf(1)
    return withLine({ sources: [sized(new Map([[id, 10]]))] }, async ({ client, requests }) => {
      const payload = {
        bytesHex: '00',
        repo: id,
        base: { rev: '3l2qo6hm2oc2s', commit: 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae' },
      }
      const commit = {
        clientId: 'two',
        clientCommitId: 'x',
        operations: [{ table: 'com.atproto.sync.commit', rowId: 'r', op: 'upsert' as const, payload }],
      }
      const [pushed, pulled] = await Promise.all([client.push(commit), client.pull([ask(id)])])
      expect(pushed).toEqual(taken(commit, 'applied', 5))
      expect(pulled.answers.size).toBe(1)
      expect(requests.length).toBe(1)
      expect(await client.chunk('c1', { repo: id })).toEqual(utf8('SBT1 c1'))
      expect(await client.chunk('c1', { repo: didOf(2) })).toBeUndefined()
      // The stream goes on after a refusal.
      expect((await client.pull([ask(id)])).answers.size).toBe(1)
    })
  })
})

describe('schemas', () => {
  it('one ahead of ours is answered with what is needed', async () => {
    const handler = createPackHandler({ sources: [] })
    const request = utf8(JSON.stringify({ clientId: 'c', pull: { schemaVersion: 2 } }))
    const reply = await handler.answer(request, { peer: 'x' })
    const pack: SyncPack = { ok: false, requiredSchemaVersion: 1, latestSchemaVersion: 1 }
    expect(reply).toEqual({ type: 'pack', bytes: encodePack(pack) })
  })

  it.each([
    [
      { ok: false, requiredSchemaVersion: 2, latestSchemaVersion: 3 },
      'sync.upgrade-needed',
      { needed: 2, known: 1 },
    ],
    [
      { ok: false, requiredSchemaVersion: 0, latestSchemaVersion: 0 },
      'sync.peer-outdated',
      { needed: 1, known: 0 },
    ],
    [{ ok: false }, 'net.refused', { reason: 'not-ok' }],
  ] as const)('%j is %s', (pack, code, fields) =>
    withLine(
      { sources: [] },
      async ({ client }) => {
        const error = { code, fields: { peer: 'one', ...fields } }
        await expect(client.pull([ask(didOf(1))])).rejects.toMatchObject(error)
        await expect(client.pull([ask(didOf(1))])).rejects.toMatchObject(error)
      },
      (handler) => ({ ...handler, answer: async () => ({ type: 'pack', bytes: encodePack(pack) }) }),
    ),
  )
})

describe('answers that are none', () => {
  const pull = (...ids: string[]): SyncPack => ({
    ok: true,
    pull: { ok: true, subscriptions: ids.map((id) => answerOf(id, 1)) },
  })
  const otherColumn = (): SyncPack => {
    const answer = answerOf(didOf(1), 1)
    const [commit] = answer.commits
    if (commit === undefined) throw new Error('no commit')
    const schemas = [{ table: 'app.test.thing', columns: [{ name: 'other', type: 'bytes' as const }] }]
    const changes = commit.changes.map((it) => ({ ...it, row: { other: new Uint8Array(1) } }))
    return {
      ok: true,
      pull: { ok: true, subscriptions: [{ ...answer, commits: [{ ...commit, changes, schemas }] }] },
    }
  }
  const cases: [string, Uint8Array, string][] = [
    ['for what was not asked', encodePack(pull(didOf(2)), { groupThreshold: 1 }), 'net.malformed'],
    ['twice', encodePack(pull(didOf(1), didOf(1)), { groupThreshold: 1 }), 'net.malformed'],
    ['without the part that was asked for', encodePack({ ok: true }), 'net.malformed'],
    ['with rows that are no records', encodePack(otherColumn(), { groupThreshold: 1 }), 'pack.schema'],
    ['cut off', encodePack(pull(didOf(1)), { groupThreshold: 1 }).subarray(0, 40), 'pack.count'],
    ['of another kind', utf8('hello'), 'pack.magic'],
    ['braces only', utf8('{}{}'), 'pack.magic'],
  ]
  it.each(cases)('%s: the client is over', (_, bytes, code) =>
    withLine(
      { sources: [] },
      async ({ client }) => {
        const error = { code, fields: { peer: 'one' } }
        await expect(client.pull([ask(didOf(1))])).rejects.toMatchObject(error)
        await expect(client.pull([ask(didOf(1))])).rejects.toMatchObject(error)
      },
      (handler) => ({ ...handler, answer: async () => ({ type: 'pack', bytes: new Uint8Array(bytes) }) }),
    ),
  )
})
