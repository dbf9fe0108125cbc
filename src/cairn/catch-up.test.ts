import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Cairn } from './api.ts'
import { catchUp } from './catch-up.ts'
import { noNetwork } from './network/off.ts'
import { hasPds, startPds, withWriter, type Pds, type Writer } from './writing/testing/writing-kit.ts'

const POST = 'app.bsky.feed.post'

describe.runIf(hasPds)(
  'what is unsent when the browser runs Cairn with no page open',
  { timeout: 60_000 },
  () => {
    let pds: Pds
    beforeAll(async () => {
      pds = await startPds()
    }, 60_000)
    afterEach(() => pds.faults())
    afterAll(() => pds?.stop())

    const network = (enabled: boolean, run: () => Promise<void> = async () => {}): Cairn['network'] => ({
      ...noNetwork,
      settings: async () => ({ enabled, relayOnly: false, stun: [], relays: [], live: true }),
      catchUp: run,
    })
    const caughtUp = ({ cairn: { writing } }: Writer, enabled = true) =>
      catchUp({ network: network(enabled), writing })
    const save = ({ cairn, account: { did } }: Writer, text: string) =>
      cairn.writing.save({
        did,
        collection: POST,
        value: { text, createdAt: '2026-11-01T10:00:00.000Z' },
      })
    /** Written with no network, by someone who is signed in; then every page is closed. */
    const written = async (writer: Writer, ...texts: string[]): Promise<void> => {
      await writer.backUp()
      await writer.signIn()
      writer.offline = true
      for (const text of texts) await save(writer, text)
      // the page's own tries are over by then
      await expect(writer.cairn.writing.send(writer.account.did)).rejects.toMatchObject({
        code: 'pds.network',
      })
      await writer.restart()
    }
    const posts = async ({ account: { did } }: Writer) =>
      (await pds.call('listRecords', { did, collection: POST })).map(({ value }) => value['text'])

    it('is at the server and in the verified copy when that has ended', async () => {
      await withWriter(pds, async (writer) => {
        await written(writer, 'one', 'two')
        writer.offline = false
        await caughtUp(writer)
        expect(await writer.drafts()).toEqual([])
        expect(new Set(await posts(writer))).toEqual(new Set(['one', 'two']))
        expect(await posts(writer)).toHaveLength(2)
        await caughtUp(writer)
        expect(await posts(writer)).toHaveLength(2)
      })
    })

    it('stays while its server is out of reach, and the browser is told to ask again', async () => {
      await withWriter(pds, async (writer) => {
        await written(writer, 'later')
        await expect(caughtUp(writer)).rejects.toMatchObject({ code: 'pds.network' })
        expect(await writer.drafts()).toMatchObject([{ status: 'waiting' }])
        writer.offline = false
        await caughtUp(writer)
        expect(await posts(writer)).toEqual(['later'])
      })
    })

    it('stays with the reason when the server refuses it, and what else there is goes', async () => {
      await withWriter(pds, async (writer) => {
        await written(writer, 'x'.repeat(400), 'fine')
        writer.offline = false
        await caughtUp(writer)
        expect(await writer.drafts()).toMatchObject([
          { status: 'refused', reason: { code: 'writing.refused' } },
        ])
        expect(await posts(writer)).toEqual(['fine'])
      })
    })

    it('stays where nobody is signed in', async () => {
      await withWriter(pds, async (writer) => {
        await writer.backUp()
        await save(writer, 'for whoever signs in')
        await caughtUp(writer)
        expect(await writer.drafts()).toMatchObject([{ status: 'waiting' }])
      })
    })

    it('is tried also where the rest fails, and nothing is while the network is off', async () => {
      await withWriter(pds, async (writer) => {
        await written(writer, 'all the same')
        const { writing } = writer.cairn
        let asked = 0
        const counted = { ...writing, counts: () => (asked++, writing.counts()) }
        await catchUp({ network: network(false), writing: counted })
        expect(asked).toBe(0)
        writer.offline = false
        const broken = network(true, () => Promise.reject(new Error('no relay')))
        await expect(catchUp({ network: broken, writing: counted })).rejects.toThrow('no relay')
        expect(asked).toBe(1)
        expect(await posts(writer)).toEqual(['all the same'])
      })
    })
  },
)
