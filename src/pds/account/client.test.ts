import { expect, it } from 'vitest'
import { OAuthClient } from '@atproto/oauth-client'
import { handedOn } from './callback.ts'
import { hostedClient, isFetched, loopbackClient } from './client.ts'
import type { ClientMetadata } from './client.ts'

/** The OAuth client of others takes this for sound metadata. */
const check = (metadata: ClientMetadata | undefined): void => {
  if (metadata === undefined) throw new Error('no metadata')
  const never = () => {
    throw new Error('not asked')
  }
  const store = { get: never, set: never, del: never }
  const client = new OAuthClient({
    clientMetadata: metadata as never,
    responseMode: 'fragment',
    stateStore: store,
    sessionStore: store,
    identityResolver: { resolve: never },
    runtimeImplementation: { createKey: never, getRandomValues: never, digest: never },
  })
  expect(client.clientMetadata.scope).toBe(metadata.scope)
}

it('an app at an https address has its id and its way back there, under its path', () => {
  const metadata = hostedClient(new URL('https://cairn.example.org/'))
  check(metadata)
  expect(metadata).toMatchObject({
    client_id: 'https://cairn.example.org/oauth/client-metadata.json',
    redirect_uris: ['https://cairn.example.org/oauth/callback'],
  })
  expect(hostedClient(new URL('https://example.org/cairn/')).redirect_uris).toEqual([
    'https://example.org/cairn/oauth/callback',
  ])
})

it('an app is fetched by servers at the usual port of a public name alone', () => {
  const fetched = [
    'https://cairn.example.org/',
    'https://cairn.example.org:8443/',
    'https://example.org/cairn/',
    'http://cairn.example.org/',
    'https://93.184.216.34/',
    'https://[2606:4700::1]/',
    'https://cairn.local/',
    'https://192.168.1.4/',
  ].filter((url) => isFetched(new URL(url)))
  expect(fetched).toEqual(['https://cairn.example.org/'])
})

it('an app on this machine comes back to a loopback address, since servers take no localhost', () => {
  for (const [origin, redirect] of [
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/oauth/callback'],
    ['http://[::1]:4000', 'http://[::1]:4000/oauth/callback'],
    ['http://localhost:4000', 'http://127.0.0.1:4000/oauth/callback/localhost'],
    ['http://localhost', 'http://127.0.0.1/oauth/callback/localhost'],
  ] as const) {
    const metadata = loopbackClient(origin)
    check(metadata)
    expect(metadata?.redirect_uris).toEqual([redirect])
  }
  for (const origin of ['https://localhost:4000', 'http://192.168.1.4:4000', 'https://example.org']) {
    expect(loopbackClient(origin)).toBeUndefined()
  }
})

it('an answer for localhost is handed on to it with all that it says, and to nowhere else', () => {
  expect(handedOn('http://127.0.0.1:4000/oauth/callback/localhost#state=a&code=b')).toBe(
    'http://localhost:4000/oauth/callback#state=a&code=b',
  )
  for (const href of [
    'http://127.0.0.1:4000/oauth/callback#state=a',
    'https://evil.example.org/oauth/callback/localhost#state=a',
    'http://localhost:4000/oauth/callback/localhost#state=a',
  ]) {
    expect(handedOn(href)).toBeUndefined()
  }
})
