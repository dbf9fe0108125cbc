import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collect } from './body.ts'
import type { Network } from './network.ts'
import { get } from './request.ts'
import { failure } from './testing/errors.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
let network: Network
const HOST = 'pds.cairn-test.org'
const URL_A = `https://${HOST}/a`

beforeEach(async () => {
  world = await createWorld()
  network = world.network()
})
afterEach(() => world.close())

describe('redirects', () => {
  const redirect = (from: string, to: string | undefined): void =>
    world.route(from, (_asked, response) =>
      response.writeHead(302, to === undefined ? {} : { location: to }).end(),
    )

  it('are followed to allowed addresses', async () => {
    redirect(URL_A, '/b?x=1')
    redirect(`https://${HOST}/b`, 'https://other.cairn-test.org/c')
    world.route('https://other.cairn-test.org/c', (_asked, response) => response.end('here'))
    const answer = await get(network, URL_A)
    expect(answer.url.href).toBe('https://other.cairn-test.org/c')
    expect(new TextDecoder().decode(await collect(answer.body))).toBe('here')
    expect(world.asked).toEqual([URL_A, `https://${HOST}/b?x=1`, 'https://other.cairn-test.org/c'])
  })

  it.each([
    ['http://pds.cairn-test.org/', 'scheme'],
    ['https://127.0.0.1/', 'private-address'],
    ['https://169.254.169.254/latest/meta-data', 'private-address'],
    ['https://router.local/', 'local-name'],
    ['file:///etc/passwd', 'scheme'],
  ])('to %s are refused', async (to, reason) => {
    redirect(URL_A, to)
    expect(await failure(get(network, URL_A))).toMatchObject({ code: 'pds.address-refused', reason })
    expect(world.asked).toEqual([URL_A])
  })

  it('that never end, or lead nowhere, are refused', async () => {
    redirect(URL_A, URL_A)
    expect(await failure(get(network, URL_A))).toMatchObject({
      code: 'pds.bad-response',
      reason: 'too-many-redirects',
    })
    expect(world.asked).toHaveLength(6)
    redirect(URL_A, undefined)
    expect(await failure(get(network, URL_A))).toMatchObject({ code: 'pds.bad-response', reason: 'redirect' })
  })

  it('that a browser hides are checked where they ended', async () => {
    world.route(`${world.origin}/from`, (_asked, response) =>
      response.writeHead(302, { location: '/to' }).end(),
    )
    world.route(`${world.origin}/to`, (_asked, response) => response.end('there'))
    // as the Fetch standard has it: a redirect under `manual` is an opaque answer with nothing in it
    const browser: Network = {
      ...network,
      fetch: async (_url, init) => {
        const response = await fetch(`${world.origin}/from`, init)
        const hidden = init.redirect === 'manual' && response.status === 302
        return hidden
          ? Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
          : response
      },
    }
    const answer = await get({ ...browser, allowLocal: true }, URL_A)
    expect(answer.url.pathname).toBe('/to')
    expect(new TextDecoder().decode(await collect(answer.body))).toBe('there')
    expect(await failure(get(browser, URL_A))).toMatchObject({
      code: 'pds.address-refused',
      reason: 'scheme',
    })
  })
})
