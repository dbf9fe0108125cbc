import { ADMIN_PASSWORD } from './network.mjs'
import { MEDIA } from './media.mjs'

/** A commit takes at most this many operations: https://atproto.com/specs/repository */
const COMMIT_OPS = 200

/** What tests ask of accounts, all through the PDS's own HTTP API at `base`. */
export function createAccounts(base) {
  const sessions = new Map()

  async function call(
    method,
    { token, admin, query, body, raw, type, procedure = body !== undefined || raw !== undefined } = {},
  ) {
    const url = `${base()}/xrpc/${method}${query ? `?${new URLSearchParams(query)}` : ''}`
    const headers = {}
    if (token) headers.authorization = `Bearer ${token}`
    if (admin) headers.authorization = `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (raw !== undefined) headers['content-type'] = type
    const response = await fetch(url, {
      method: procedure ? 'POST' : 'GET',
      headers,
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method}: ${response.status} ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }

  const token = (did) => {
    const session = sessions.get(did)
    if (session === undefined) throw new Error(`no such account here: ${did}`)
    return session.accessJwt
  }
  const post = (did, method, body) => call(method, { token: token(did), body })

  async function applyWrites({ did, writes }) {
    for (let from = 0; from < writes.length; from += COMMIT_OPS) {
      await post(did, 'com.atproto.repo.applyWrites', {
        repo: did,
        writes: writes.slice(from, from + COMMIT_OPS),
      })
    }
    return { commit: await call('com.atproto.sync.getLatestCommit', { query: { did } }) }
  }

  return {
    async createAccount({ handle }) {
      const body = { handle, email: `${handle}@example.com`, password: 'password' }
      const session = await call('com.atproto.server.createAccount', { body })
      sessions.set(session.did, session)
      return { did: session.did, handle: session.handle }
    },

    applyWrites,

    async uploadBlob({ did, kind, seed, side }) {
      const media = MEDIA[kind]
      const raw = media.make(seed, side)
      const { blob } = await call('com.atproto.repo.uploadBlob', { token: token(did), raw, type: media.type })
      return blob
    },

    callAs: ({ did, method, query, body }) => call(method, { token: token(did), query, body }),

    /** Signs in where an account has come by other ways than `createAccount`. */
    async signIn({ did, password }) {
      const body = { identifier: did, password }
      sessions.set(did, await call('com.atproto.server.createSession', { body }))
    },

    async createInvite() {
      const body = { useCount: 1 }
      return (await call('com.atproto.server.createInviteCode', { admin: true, body })).code
    },

    latestCommit: ({ did }) => call('com.atproto.sync.getLatestCommit', { query: { did } }),
    describeRepo: ({ did }) => call('com.atproto.repo.describeRepo', { query: { repo: did } }),

    /** All records of a collection, as the PDS itself lists them. */
    async listRecords({ did, collection }) {
      const records = []
      let cursor
      do {
        const query = { repo: did, collection, limit: '100', ...(cursor ? { cursor } : {}) }
        const page = await call('com.atproto.repo.listRecords', { query })
        records.push(...page.records)
        cursor = page.records.length === 0 ? undefined : page.cursor
      } while (cursor)
      return records
    },

    async listBlobs({ did }) {
      const cids = []
      let cursor
      do {
        const page = await call('com.atproto.sync.listBlobs', {
          query: { did, limit: '500', ...(cursor ? { cursor } : {}) },
        })
        cids.push(...page.cids)
        cursor = page.cids.length === 0 ? undefined : page.cursor
      } while (cursor)
      return cids
    },

    deactivate: ({ did }) => post(did, 'com.atproto.server.deactivateAccount', {}),
    activate: ({ did }) => call('com.atproto.server.activateAccount', { token: token(did), procedure: true }),
    updateHandle: ({ did, handle }) => post(did, 'com.atproto.identity.updateHandle', { handle }),

    takedown: ({ did, applied }) =>
      call('com.atproto.admin.updateSubjectStatus', {
        admin: true,
        body: {
          subject: { $type: 'com.atproto.admin.defs#repoRef', did },
          takedown: { applied, ref: 'test' },
        },
      }),

    deleteAccount: ({ did }) => call('com.atproto.admin.deleteAccount', { admin: true, body: { did } }),
  }
}
