import { describe, expect, it } from 'vitest'
import { realHost } from '../../net/testing/nodes.ts'
import { formatLink } from '../../spaces/links/link.ts'
import { link, meet, withWorld } from '../../spaces/vault/testing/kit.ts'
import { createLinkKeeper, readCapability } from './link-mail.ts'
import type { OpenSpace } from './open-space.ts'
import type { SpacesContext } from './parts.ts'

const APP = 'https://app.example/'
const OTHER = 'https://other.example/'

/** Relays that keep what they are given, and can be out of reach, or lie. */
function createRelays() {
  const kept = new Map<string, Uint8Array<ArrayBuffer> | 'revoked'>()
  const away = new Set<string>()
  /** called once a relay has done something, before anyone hears of it */
  const on = { done: (): void => {} }
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { origin } = new URL(url)
    if (away.has(`${origin}/`)) throw new TypeError('no network')
    const at = kept.get(origin)
    if (init.method === 'GET' && at instanceof Uint8Array) return new Response(at)
    if (at === 'revoked') return Response.json({ reason: 'revoked' }, { status: 410 })
    if (init.method === 'PUT') kept.set(origin, init.body as Uint8Array<ArrayBuffer>)
    else if (init.method === 'DELETE' && at !== undefined) kept.set(origin, 'revoked')
    else return Response.json({ reason: 'unknown' }, { status: 404 })
    on.done()
    return new Response(null, { status: 204 })
  }
  const revoked = (): readonly string[] =>
    [...kept].flatMap(([origin, is]) => (is === 'revoked' ? [`${origin}/`] : [])).sort()
  return { kept, away, on, fetch, revoked }
}

type Fakes = ReturnType<typeof createRelays>

const contextOf = ({ fetch }: Fakes, storage: SpacesContext['host']['storage']): SpacesContext => {
  const some = {
    host: { storage, clock: realHost.clock, timers: realHost.timers, fetch },
    app: APP,
    random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    net: () => ({ relays: () => [APP, OTHER] }),
  }
  return some as unknown as SpacesContext
}

/** Anna's space with a link that both relays have. */
async function withLink(
  use: (kit: {
    readonly relays: Fakes
    readonly context: SpacesContext
    readonly it: OpenSpace
    readonly url: string
    /** Somebody is put out, so that another epoch is in use. */
    turn(): Promise<unknown>
    close(): Promise<void>
  }) => Promise<void>,
): Promise<void> {
  await withWorld(async (world) => {
    const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
    const vault = await anna.found()
    const relays = createRelays()
    const context = contextOf(relays, anna.storage)
    const it = { space: vault.row.space, vault } as OpenSpace
    const held = await vault.links.make(link())
    const b = await ben.join(held)
    await meet(vault, b)
    const keeper = createLinkKeeper(context)
    await keeper.begin(it.space, held.link, false)
    await keeper.settle(it)
    await use({
      ...{ relays, context, it, url: formatLink(APP, held.short) },
      turn: () => vault.acts.removePerson(b.device().id),
      close: () => vault.links.close(held.link),
    })
    keeper.close()
  })
}

describe('a link that is kept by relays', () => {
  it('is taken away where an older key of it was left', () =>
    withLink(async ({ relays, context, it, turn, close }) => {
      relays.away.add(OTHER)
      await turn()
      await createLinkKeeper(context).settle(it)
      await close()
      relays.away.clear()
      await createLinkKeeper(context).settle(it)
      expect(relays.revoked()).toEqual([APP, OTHER])
    }))

  it('is taken away where the word that it is there was lost', () =>
    withLink(async ({ relays, context, it, turn, close }) => {
      await turn()
      relays.on.done = () => {
        throw new TypeError('connection lost')
      }
      await createLinkKeeper(context)
        .settle(it)
        .catch(() => {})
      relays.on.done = () => {}
      await close()
      await createLinkKeeper(context).settle(it)
      expect(relays.revoked()).toEqual([APP, OTHER])
    }))

  it('opens by what one of them has, whatever another gives', () =>
    withLink(async ({ relays, context, it, url }) => {
      const { space } = it
      for (const origin of [APP, OTHER]) {
        const good = relays.kept.get(new URL(origin).origin)
        relays.kept.set(new URL(origin).origin, new Uint8Array([1, 2, 3]))
        expect(await readCapability(context, url)).toMatchObject({ space })
        relays.kept.set(new URL(origin).origin, good ?? expect.fail())
      }
      for (const origin of relays.kept.keys()) relays.kept.set(origin, new Uint8Array([1]))
      await expect(readCapability(context, url)).rejects.toMatchObject({
        code: 'spaces.capability-malformed',
      })
    }))
})
