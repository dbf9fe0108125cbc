import { expect, it } from 'vitest'
import { createSha256 } from '../../core/hash.ts'
import { formatTid } from '../../core/tid.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { toBase58Btc } from '@atcute/multibase'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { headKey, type SpaceHeadRow } from '../../storage/space/rows.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { CODEC_DAG_CBOR, cidString } from '../../core/cid.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { hasty } from '../packs/testing/space-kit.ts'
import { createSpaceAccess } from './access.ts'
import { openSpace } from './client.ts'
import { compareSpaceHeads, headsOfSpace } from './heads.ts'
import { exchangeLog } from './log-exchange.ts'
import { SPACE_PROTOCOL } from './protocol.ts'
import { serveSpace } from './serve.ts'
import { createTestReplica, createTestSpace, testHost } from './testing/space-world.ts'

const REPOS = 10_000
const prng = createPrng('scale')
const authors = Array.from({ length: REPOS }, () => {
  const point = Uint8Array.of(0x80, 0x24, 2, ...prng.bytes(32))
  return `did:key:z${toBase58Btc(point)}`
})

const rowOf = (i: number, rev: number): SpaceHeadRow => ({
  commit: new Uint8Array(400),
  cid: cidString(CODEC_DAG_CBOR, createPrng(`${i} ${rev}`).bytes(32)),
  rev: formatTid(1_700_000_000_000_000 + rev, 0),
  ...{ records: 1, bytes: 1, chain: undefined, givers: ['x'], held: 1, merge: false },
})

async function fill(storage: Storage, space: string): Promise<void> {
  const ops = authors.map((author, i): WriteOp => ({
    ...{ type: 'put', table: 'space-repos', value: rowOf(i, i) },
    key: headKey(formatSpaceRepo({ space, author })),
  }))
  await storage.write(ops, { durability: 'relaxed' })
}

it('10,000 repos that did not change are one exchange of less than 64 KB, and a few that did little more', () =>
  withLevel((a) =>
    withLevel(async (b) => {
      const space = await createTestSpace()
      const [near, far] = [
        await createTestReplica(hasty(a), space, space.owner),
        await createTestReplica(hasty(b), space, space.owner),
      ]
      await fill(a, space.space)
      await fill(b, space.space)
      const network = createMemoryNetwork()
      const net = network.node('far')
      const find = () => far
      const access = createSpaceAccess({ net, timers: testHost.timers, find })
      let bytes = 0
      const serve = serveSpace({ ...testHost, self: 'far', access, find })
      net.handle(SPACE_PROTOCOL, (stream) =>
        serve({
          ...stream,
          async read() {
            const part = await stream.read()
            bytes += part?.length ?? 0
            return part
          },
          write(part) {
            bytes += part.length
            return stream.write(part)
          },
        }),
      )
      const sha256 = await createSha256()
      const prove = near.prove ?? expect.fail()
      const client = await openSpace(network.node('near'), 'far', { space: space.space, prove }, testHost)
      const { digest } = await client.hello()
      const logs = await exchangeLog({ client, log: near.log, sha256, digest, mayGive: () => true })
      expect(logs).toEqual({ changed: false, same: true })
      const ours = await headsOfSpace(near.repos, space.space)
      expect(ours.size).toBe(REPOS)
      const theirs = await compareSpaceHeads(client, ours, sha256)
      expect(theirs).toEqual(ours)
      expect(bytes).toBeLessThan(64 * 1024)

      bytes = 0
      const changed = formatSpaceRepo({ space: space.space, author: authors[17] ?? '' })
      const added = formatSpaceRepo({ space: space.space, author: space.device('new').id })
      const gone = formatSpaceRepo({ space: space.space, author: authors[18] ?? '' })
      await b.write([
        { type: 'put', table: 'space-repos', key: headKey(changed), value: rowOf(17, 99_999) },
        { type: 'put', table: 'space-repos', key: headKey(added), value: rowOf(0, 5) },
        { type: 'delete', table: 'space-repos', key: headKey(gone) },
      ])
      const now = await compareSpaceHeads(client, ours, sha256)
      expect(now.get(changed)?.rev).toBe(rowOf(17, 99_999).rev)
      expect(now.has(added)).toBe(true)
      expect(now.has(gone)).toBe(false)
      expect(now.size).toBe(REPOS)
      expect(bytes).toBeLessThan(64 * 1024)
      client.close()
      access.close()
    }),
  ))
