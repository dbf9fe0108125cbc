import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Asked, World } from '../../testing/world.ts'
import { createProofs, s256 } from './proofs.ts'
import { servePasswords, text, type Password, type PasswordServer } from './password-server.ts'

/**
 * A PDS that signs people in: PAR, PKCE, DPoP with nonces, renewal that uses a token up, revocation, sessions by
 * password. It refuses whatever is not as the specs want it.
 */
export interface AuthServer {
  readonly origin: string
  /** Stands for the person on its page: answers the newest request as this account, or says no. */
  consent(url: string, did: string, scopes?: (asked: string[]) => string[]): Promise<string>
  deny(url: string): string
  /** names another server in its answers */
  pretend(issuer: string | undefined): void
  /** Access tokens are no longer taken from now on; renewed ones are. */
  expireAccess(): void
  /** Every session is ended from the server's side. */
  endAll(): void
  /** Nothing answers */
  down: boolean
  /** every proof is refused */
  clockOff: boolean
  readonly live: { readonly oauth: number; readonly password: number }
  /** what a signed-in call was made as, newest last */
  readonly calls: string[]
  /** times that a token was renewed */
  readonly renewed: number
  readonly passwords: Map<string, Password>
}

interface Request {
  readonly parameters: URLSearchParams
  readonly jkt: string
}
interface Grant {
  readonly did: string
  readonly scope: string
  readonly jkt: string
  readonly client: string
  readonly challenge: string
  readonly redirect: string
}
interface Token extends Pick<Grant, 'did' | 'scope' | 'jkt' | 'client'> {
  access: string
  refresh: string
  stale: boolean
}

const form = async (message: IncomingMessage): Promise<URLSearchParams> =>
  new URLSearchParams(await text(message))

export function startAuthServer(world: World, origin: string): AuthServer {
  const requests = new Map<string, Request>()
  const codes = new Map<string, Grant>()
  const tokens = new Set<Token>()
  const {
    passwords,
    sessions,
    renewed: renewedByPassword,
  }: PasswordServer = servePasswords(world, origin, () => server.down)
  const nonce = `nonce-${randomUUID()}`
  const proofs = createProofs(nonce)
  const prove = async (asked: Asked, token?: string) =>
    server.clockOff ? { error: 'invalid_dpop_proof' } : proofs(asked, token)
  const calls: string[] = []
  let issuer: string | undefined
  let renewed = 0

  const reply = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', 'dpop-nonce': nonce, ...headers })
      .end(JSON.stringify(body))
  }

  const issue = ({ did, scope, jkt, client }: Token | Grant): Token => ({
    did,
    scope,
    jkt,
    client,
    access: `access-${randomUUID()}`,
    refresh: `refresh-${randomUUID()}`,
    stale: false,
  })

  const given = (token: Token) => ({
    access_token: token.access,
    refresh_token: token.refresh,
    token_type: 'DPoP',
    expires_in: 3600,
    scope: token.scope,
    sub: token.did,
  })

  /** A route of OAuth: a form, a proof, an answer. */
  const oauth = (path: string, answer: (form: URLSearchParams, jkt: string) => [number, unknown]): void => {
    world.route(`${origin}${path}`, (asked, response) => {
      if (server.down) return void response.destroy()
      void (async () => {
        const parameters = await form(asked.message)
        const proof = await prove(asked)
        if ('error' in proof) return reply(response, 400, proof)
        reply(response, ...answer(parameters, proof.jkt))
      })()
    })
  }

  world.json(`${origin}/.well-known/oauth-protected-resource`, {
    resource: origin,
    authorization_servers: [origin],
  })
  world.route(`${origin}/.well-known/oauth-authorization-server`, (_asked, response) => {
    if (server.down) return void response.destroy()
    reply(response, 200, {
      issuer: origin,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      pushed_authorization_request_endpoint: `${origin}/oauth/par`,
      require_pushed_authorization_requests: true,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256'],
      scopes_supported: ['atproto'],
      dpop_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
  })
  oauth('/oauth/par', (parameters, jkt) => {
    const scope = (parameters.get('scope') ?? '').split(' ')
    const declared = (new URL(parameters.get('client_id') ?? '').searchParams.get('scope') ?? '').split(' ')
    if (!scope.includes('atproto') || scope.some((each) => !declared.includes(each)))
      return [400, { error: 'invalid_scope' }]
    if (parameters.get('code_challenge_method') !== 'S256') return [400, { error: 'invalid_request' }]
    const uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`
    requests.set(uri, { parameters, jkt })
    return [201, { request_uri: uri, expires_in: 300 }]
  })
  oauth('/oauth/token', (parameters, jkt) => {
    if (parameters.get('grant_type') === 'refresh_token') {
      const used = [...tokens].find((token) => token.refresh === parameters.get('refresh_token'))
      if (used === undefined || used.jkt !== jkt || used.client !== parameters.get('client_id'))
        return [400, { error: 'invalid_grant', error_description: 'used up or revoked' }]
      tokens.delete(used)
      const token = issue(used)
      tokens.add(token)
      renewed += 1
      return [200, given(token)]
    }
    const grant = codes.get(parameters.get('code') ?? '')
    codes.delete(parameters.get('code') ?? '')
    const matches =
      grant !== undefined &&
      grant.jkt === jkt &&
      grant.client === parameters.get('client_id') &&
      grant.redirect === parameters.get('redirect_uri') &&
      grant.challenge === s256(parameters.get('code_verifier') ?? '')
    if (!matches) return [400, { error: 'invalid_grant' }]
    const token = issue(grant)
    tokens.add(token)
    return [200, given(token)]
  })
  oauth('/oauth/revoke', (parameters, jkt) => {
    for (const token of tokens) {
      if ([token.access, token.refresh].includes(parameters.get('token') ?? '') && token.jkt === jkt)
        tokens.delete(token)
    }
    return [200, {}]
  })

  world.route(`${origin}/xrpc/com.atproto.server.getSession`, (asked, response) => {
    if (server.down) return void response.destroy()
    void (async () => {
      const [kind, value = ''] = String(asked.message.headers.authorization).split(' ')
      if (kind === 'Bearer') {
        const session = sessions.get(value)
        if (session === undefined || session.stale)
          return reply(response, 400, { error: 'ExpiredToken', message: '' })
        calls.push(session.did)
        return reply(response, 200, { did: session.did, handle: 'who.cares.test' })
      }
      const proof = await prove(asked, value)
      const token = [...tokens].find((each) => each.access === value)
      const refuse = (error: string): void =>
        reply(response, 401, { error, message: '' }, { 'www-authenticate': `DPoP error="${error}"` })
      if ('error' in proof) return refuse(proof.error)
      if (token === undefined || token.stale || token.jkt !== proof.jkt) return refuse('invalid_token')
      calls.push(token.did)
      reply(response, 200, { did: token.did, handle: 'who.cares.test' })
    })()
  })

  const server: AuthServer = {
    origin,
    async consent(url, did, scopes = (asked) => asked) {
      const request = requests.get(new URL(url).searchParams.get('request_uri') ?? '')
      if (request === undefined) throw new Error('no such request')
      const { parameters, jkt } = request
      const code = `code-${randomUUID()}`
      const asked = (parameters.get('scope') ?? '').split(' ')
      codes.set(code, {
        did,
        jkt,
        scope: scopes(asked).join(' '),
        client: parameters.get('client_id') ?? '',
        challenge: parameters.get('code_challenge') ?? '',
        redirect: parameters.get('redirect_uri') ?? '',
      })
      const state = parameters.get('state') ?? ''
      return new URLSearchParams({ iss: issuer ?? origin, state, code }).toString()
    },
    deny(url) {
      const request = requests.get(new URL(url).searchParams.get('request_uri') ?? '')
      const state = request?.parameters.get('state') ?? ''
      return new URLSearchParams({
        iss: origin,
        state,
        error: 'access_denied',
        error_description: 'no',
      }).toString()
    },
    pretend(other) {
      issuer = other
    },
    expireAccess() {
      for (const token of tokens) token.stale = true
      for (const session of sessions.values()) session.stale = true
    },
    endAll() {
      tokens.clear()
      sessions.clear()
    },
    down: false,
    clockOff: false,
    get live() {
      return { oauth: tokens.size, password: sessions.size }
    },
    calls,
    get renewed() {
      return renewed + renewedByPassword()
    },
    passwords,
  }
  return server
}
