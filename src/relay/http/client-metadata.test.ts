import { describe, expect, it } from 'vitest'
import { ALL_SCOPES } from '../../pds/account/scopes.ts'
import { createRelay } from '../serve.ts'

const get = async (publicUrl: string | undefined, path: string, init?: RequestInit) => {
  const relay = await createRelay({
    port: 0,
    host: '127.0.0.1',
    peers: [],
    ...(publicUrl === undefined ? {} : { publicUrl: new URL(publicUrl) }),
  })
  try {
    const response = await fetch(`http://127.0.0.1:${relay.port}${path}`, init)
    return { status: response.status, headers: response.headers, body: await response.text() }
  } finally {
    await relay.close()
  }
}

describe('client metadata', () => {
  it('says what the app is at its public address, to anyone who asks', async () => {
    const { status, headers, body } = await get('https://cairn.example.org/', '/oauth/client-metadata.json')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(JSON.parse(body)).toMatchObject({
      client_id: 'https://cairn.example.org/oauth/client-metadata.json',
      redirect_uris: ['https://cairn.example.org/oauth/callback'],
      scope: ALL_SCOPES.join(' '),
      dpop_bound_access_tokens: true,
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    })
  })

  it('is not there where no server could fetch it, and answers nothing else', async () => {
    for (const url of [undefined, 'http://cairn.example.org/']) {
      expect((await get(url, '/oauth/client-metadata.json')).status).toBe(404)
    }
    const post = await get('https://cairn.example.org/', '/oauth/client-metadata.json', { method: 'POST' })
    expect(post.status).toBe(405)
    expect((await get('https://cairn.example.org/', '/oauth/client-metadata.json/x')).status).toBe(404)
  })
})
