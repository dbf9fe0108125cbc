import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makePrivateKey } from '../src/pds/plc/private-key.ts'
import { serviceToken } from '../src/pds/plc/service-token.ts'
import type { Pds } from './pds/client.ts'

export interface Site {
  readonly did: string
  readonly url: string
  publish(document: unknown): void
  close(): Promise<void>
}

/** A host that keeps the document of a did:web. */
export async function webIdentity(): Promise<Site> {
  let document: unknown = {}
  const server = createServer((request, response) => {
    const found = request.url === '/.well-known/did.json'
    response
      .writeHead(found ? 200 : 404, {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
      })
      .end(found ? JSON.stringify(document) : '')
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  // a server on TCP has such an address
  const { port } = server.address() as AddressInfo
  return {
    // servers look names up in lower case
    did: `did:web:localhost%3a${port}`,
    url: `http://localhost:${port}/.well-known/did.json`,
    publish(next) {
      document = next
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Opens an account for a did:web as its owner would: with a key of the owner's, and then the server's. */
export async function openWebAccount(pds: Pds, site: Site, handle: string, password: string): Promise<void> {
  const { did } = site
  const documentWith = (didKey: string) => ({
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    alsoKnownAs: [`at://${handle}`, 'https://example.org/me'],
    verificationMethod: [
      {
        id: `${did}#atproto`,
        type: 'Multikey',
        controller: did,
        publicKeyMultibase: didKey.slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: pds.url }],
  })
  const key = makePrivateKey('p256')
  site.publish(documentWith(key.didKey))
  const call = async (method: string, token: string, body?: object) => {
    const answer = await fetch(`${pds.url}/xrpc/${method}`, {
      method: method.includes('.get') ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method}: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
  const claims = { iss: did, aud: 'did:web:localhost', lxm: 'com.atproto.server.createAccount' }
  const token = serviceToken(claims, key, Date.now(), 'first')
  const session = await call('com.atproto.server.createAccount', token, {
    did,
    handle,
    email: `${handle}@example.com`,
    password,
  })
  const own = await call('com.atproto.identity.getRecommendedDidCredentials', session.accessJwt)
  site.publish(documentWith(own.verificationMethods.atproto))
  await call('com.atproto.server.activateAccount', session.accessJwt)
}
