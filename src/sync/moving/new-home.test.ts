import { describe, expect, it } from 'vitest'
import type { MoveSecrets } from './model.ts'
import { createNewHome } from './new-home.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'

const answer = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

describe('the new server', () => {
  it('renews a session once for all requests that found it ended', async () => {
    // as servers do that take a token for renewing once
    let [access, refresh, renewals] = ['a1', 'r1', 0]
    let secrets: MoveSecrets = { access: 'a0', refresh }
    const home = createNewHome({
      did: DID,
      to: {
        pds: 'https://new.example.org',
        server: 'did:web:new.example.org',
        handle: 'a.new.example.org',
        email: 'a@example.org',
        invite: undefined,
      },
      async fetch(input, init) {
        const { url } = new Request(input)
        const bearer = new Headers(init?.headers).get('authorization')
        if (url.includes('refreshSession')) {
          if (bearer !== `Bearer ${refresh}`) return answer(400, { error: 'ExpiredToken', message: 'used' })
          renewals++
          ;[access, refresh] = [`a${renewals + 1}`, `r${renewals + 1}`]
          return answer(200, { accessJwt: access, refreshJwt: refresh, handle: 'a.example.org', did: DID })
        }
        if (bearer !== `Bearer ${access}`) return answer(400, { error: 'ExpiredToken', message: 'ended' })
        return answer(200, { blobs: [] })
      },
      tokens: () => secrets,
      keep: async (tokens) => {
        secrets = tokens
      },
    })
    const ask = () => home.call((agent) => agent.com.atproto.repo.listMissingBlobs())
    await Promise.all(Array.from({ length: 4 }, ask))
    expect(renewals).toBe(1)
    expect(secrets).toEqual({ access, refresh })
  })
})
