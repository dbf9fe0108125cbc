import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Asked, World } from '../../testing/world.ts'
import { isObject } from '../../values.ts'

export interface Password {
  readonly did: string
  /** of the access token: `com.atproto.appPass` and the like */
  readonly scope: string
  /** asked for beside the password */
  readonly code?: string
}

interface Held {
  readonly did: string
  readonly scope: string
  readonly refresh: string
  stale: boolean
}

/** The sessions by password of a PDS: each refresh token counts once. */
export interface PasswordServer {
  readonly passwords: Map<string, Password>
  /** by access token */
  readonly sessions: Map<string, Held>
  readonly renewed: () => number
}

export async function text(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

export function servePasswords(world: World, origin: string, isDown: () => boolean): PasswordServer {
  const passwords = new Map<string, Password>()
  const sessions = new Map<string, Held>()
  let renewed = 0

  const reply = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const jwt = (scope: string): string =>
    `e30.${Buffer.from(JSON.stringify({ scope })).toString('base64url')}.${randomUUID()}`
  const start = ({ did, scope }: Pick<Held, 'did' | 'scope'>) => {
    const access = jwt(scope)
    const refresh = jwt('com.atproto.refresh')
    sessions.set(access, { did, scope, refresh, stale: false })
    return { did, handle: 'who.cares.test', accessJwt: access, refreshJwt: refresh }
  }
  const route = (method: string, answer: (asked: Asked, response: ServerResponse) => Promise<void>): void => {
    world.route(`${origin}/xrpc/com.atproto.server.${method}`, (asked, response) => {
      if (isDown()) response.destroy()
      else void answer(asked, response)
    })
  }
  const byRefresh = ({ message }: Asked): readonly [string, Held] | undefined => {
    const refresh = String(message.headers.authorization).split(' ')[1]
    return [...sessions].find(([, session]) => session.refresh === refresh)
  }

  route('createSession', async ({ message }, response) => {
    const body: unknown = JSON.parse(await text(message))
    const given = isObject(body) ? body : {}
    const known = passwords.get(String(given['password']))
    if (known === undefined)
      return reply(response, 401, {
        error: 'AuthenticationRequired',
        message: 'Invalid identifier or password',
      })
    if (known.code !== undefined && given['authFactorToken'] === undefined)
      return reply(response, 401, { error: 'AuthFactorTokenRequired', message: 'a code was sent' })
    if (known.code !== undefined && given['authFactorToken'] !== known.code)
      return reply(response, 400, { error: 'InvalidToken', message: 'wrong code' })
    reply(response, 200, start(known))
  })
  route('refreshSession', async (asked, response) => {
    const found = byRefresh(asked)
    if (found === undefined)
      return reply(response, 400, { error: 'ExpiredToken', message: 'Token has been revoked' })
    sessions.delete(found[0])
    renewed += 1
    reply(response, 200, start(found[1]))
  })
  route('deleteSession', async (asked, response) => {
    const found = byRefresh(asked)
    if (found !== undefined) sessions.delete(found[0])
    response.writeHead(200).end()
  })
  return { passwords, sessions, renewed: () => renewed }
}
