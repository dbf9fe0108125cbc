import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { createSha256 } from '../../core/hash.ts'
import { decodePack } from '../../pack/pack-reader.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createPackHandler } from './handler.ts'
import type { HeadName, PushAsk } from './model.ts'
import { makePush } from './push.ts'
import { acceptSpacePushes } from './space-push.ts'
import { createReplica, hasty, type Replica } from './testing/space-kit.ts'

const device = testDevice(11)
const { repo } = device
const headOf = async ({ store }: Replica): Promise<HeadName> => {
  const head = (await store.head(repo)) ?? expect.fail()
  return { rev: head.rev, commit: head.cid }
}

/** The push of all that the author has since a head. */
async function pushSince(author: Replica, base: HeadName): Promise<PushAsk> {
  const ask = { id: repo, held: base, cursor: 0 }
  const context = { caller: { peer: 'author' }, room: 1 << 20, alone: true }
  const changes = (await author.source.pull(ask, context))?.commits[0]?.changes ?? []
  return (
    makePush({ clientId: 'author', id: repo, base, head: await headOf(author), changes }) ?? expect.fail()
  )
}

describe('a pushed commit of a space repo', () => {
  it('is applied once, and refused for what it is when it is not right', () =>
    withLevel((a) =>
      withLevel(async (b) => {
        const [author, keeper] = [await createReplica(hasty(a)), await createReplica(hasty(b))]
        const taken: string[] = []
        let mayPush = true
        const source = acceptSpacePushes(keeper.source, {
          store: keeper.store,
          storage: hasty(b),
          sha256: await createSha256(),
          clock: { now: () => 1 },
          mayPush: async () => mayPush,
          onTaken: (it) => taken.push(it),
        })
        const handler = createPackHandler({ sources: [source] })
        const push = async ({ clientId, clientCommitId, operations }: PushAsk) => {
          const request = {
            clientId,
            push: {
              commits: [
                {
                  clientCommitId,
                  schemaVersion: 1,
                  operations: operations.map(({ rowId, ...it }) => ({ ...it, row_id: rowId })),
                },
              ],
            },
          }
          const reply = await handler.answer(utf8(JSON.stringify(request)), { peer: 'author' })
          if (reply.type !== 'pack') expect.fail(JSON.stringify(reply))
          const [answer] = decodePack(reply.bytes).push?.commits ?? []
          const [result] = answer?.results ?? []
          return result?.status === 'error' ? result.code : answer?.status
        }

        const first = await commitOf(author.store, device, [put(1, 1), put(2, 2)])
        const base = await headOf(author)
        await commitOf(author.store, device, [put(3, 3), remove(1)])
        const good = await pushSince(author, base)
        expect(await push(good)).toBe('sync.not_kept')
        await keeper.store.apply(repo, { commit: first, changes: [put(1, 1), put(2, 2)], from: 'author' })

        const forged = good.operations.map((it) =>
          it.table.startsWith('app.') && it.op === 'upsert'
            ? { ...it, payload: { bytesHex: toHex(put(3, 4).bytes ?? new Uint8Array()) } }
            : it,
        )
        expect(await push({ ...good, clientCommitId: 'forged', operations: forged })).toBe(
          'sync.integrity_rejected',
        )
        const dropped = good.operations.filter(({ op }) => op !== 'delete')
        expect(await push({ ...good, clientCommitId: 'dropped', operations: dropped })).toBe(
          'sync.integrity_rejected',
        )
        mayPush = false
        expect(await push(good)).toBe('sync.forbidden')
        mayPush = true
        expect(await headOf(keeper)).toEqual(base)

        expect(await push(good)).toBe('applied')
        expect(await push(good)).toBe('cached')
        expect(await push({ ...good, clientCommitId: 'again' })).toBe('cached')
        expect(taken).toEqual([repo])
        expect(await contentOf(keeper.store, repo)).toEqual(await contentOf(author.store, repo))

        const second = await headOf(author)
        await commitOf(author.store, device, [put(4, 4)])
        const third = await headOf(author)
        await commitOf(author.store, device, [put(5, 5)])
        expect(await push(await pushSince(author, third))).toBe('sync.base_missing')
        expect(await push(await pushSince(author, second))).toBe('applied')
        expect((await keeper.store.recheck(repo))?.records).toBe(4)
      }),
    ))
})
