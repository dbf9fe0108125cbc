import { Agent } from '@atproto/api'
import { describe, expect, it } from 'vitest'
import { PdsError } from '../errors.ts'
import { callError, isCallError } from './call-error.ts'
import { callProcedure, type Send, textIn } from './call.ts'

const about = { did: 'did:plc:abc', host: 'pds.example.org' }
const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers })

/** What a call fails with, and the typed error that it becomes. */
async function failure(run: Promise<unknown>) {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isCallError(error)) throw new Error('expected a call error', { cause: error })
  const { code, fields } = callError(error, about)
  return { status: error.status, error: error.error, message: error.message, code, fields }
}

/** The same answer through our call and through the client library. */
async function both(send: Send) {
  const input = { repo: about.did, writes: [] }
  const agent = new Agent({ did: about.did, fetchHandler: send })
  const [ours, theirs] = [
    callProcedure(send, 'com.atproto.repo.applyWrites', { json: input }),
    agent.com.atproto.repo.applyWrites(input),
  ]
  return { ours: await failure(ours), theirs: await failure(theirs) }
}

describe('a call that fails', () => {
  const answers: Record<string, Send> = {
    'another head': async () => json(400, { error: 'InvalidSwap', message: 'Commit was at bafy' }),
    'a token that has ended': async () => json(401, { error: 'ExpiredToken', message: 'Token has expired' }),
    'a missing scope': async () =>
      json(403, { error: 'ScopeMissingError', message: 'Missing required scope "repo:a.b.c"' }),
    'too many': async () =>
      json(429, { error: 'RateLimitExceeded', message: 'Slow down' }, { 'retry-after': '7' }),
    'a broken server': async () => json(500, { error: 'InternalServerError', message: 'oh' }),
    'what it does not know': async () => json(501, { error: 'MethodNotImplemented', message: 'no' }),
    'no sound JSON': async () => new Response('{', { headers: { 'content-type': 'application/json' } }),
    'no network': async () => {
      throw new PdsError('pds.network', { host: 'pds.example.org', retriable: true, bytes: 0 })
    },
    'a session that broke': async () => {
      throw new TypeError('odd')
    },
  }
  for (const [name, send] of Object.entries(answers)) {
    it(`says the same of ${name} as the client library`, async () => {
      const { ours, theirs } = await both(send)
      const { code, fields, status } = ours
      expect({ code, status }).toEqual({ code: theirs.code, status: theirs.status })
      if (code !== 'pds.bad-response') expect(fields).toEqual(theirs.fields)
    })
  }

  it('has the status that was sent, also where it is a rare one and comes without words', async () => {
    const send: Send = async () => new Response('<h1>busy</h1>', { status: 425 })
    expect(await failure(callProcedure(send, 'a.b.c'))).toMatchObject({ status: 425, error: 'HTTP 425' })
  })
})

describe('a call', () => {
  const sent = async (input: Parameters<typeof callProcedure>[2]) => {
    let request: Request | undefined
    const send: Send = async (path, init) => {
      request = new Request(new URL(path, 'https://pds.example.org'), init)
      return json(200, { found: 'it' })
    }
    const answer = await callProcedure(send, 'a.b.c', input)
    if (request === undefined) throw new Error('nothing was sent')
    const { method, url, headers } = request
    return { answer, method, url, type: headers.get('content-type'), headers, body: await request.text() }
  }

  it('sends JSON, a file as it is, or nothing', async () => {
    expect(await sent({ json: { a: [1, undefined, 'ä'], b: undefined } })).toMatchObject({
      answer: { found: 'it' },
      method: 'POST',
      url: 'https://pds.example.org/xrpc/a.b.c',
      type: 'application/json',
      body: '{"a":[1,null,"ä"]}',
    })
    const bytes = new Blob(['abc'], { type: 'text/plain' })
    expect(await sent({ file: { bytes, type: 'image/png' } })).toMatchObject({
      type: 'image/png',
      body: 'abc',
    })
    const { headers, ...rest } = await sent({ headers: { authorization: 'Bearer x' } })
    expect(rest).toMatchObject({ method: 'POST', type: null, body: '' })
    expect(headers.get('authorization')).toBe('Bearer x')
  })

  it('is content with an answer that says nothing, and insists on what is asked of one', async () => {
    expect(await callProcedure(async () => new Response(), 'a.b.c')).toEqual({})
    expect(textIn({ a: 'b' }, 'a')).toBe('b')
    const missing = Promise.resolve().then(() => textIn({ a: 1 }, 'a'))
    expect(await failure(missing)).toMatchObject({ status: 2, code: 'pds.bad-response' })
  })
})
