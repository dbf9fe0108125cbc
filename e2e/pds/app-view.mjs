import { createServer } from 'node:http'
import { closeServer, listen } from './network.mjs'

/**
 * What an AppView keeps for the accounts of a PDS that asks it: mutes, muted lists, bookmarks and drafts. Whom it is
 * for it reads from the token that the PDS signs for each request, as the real ones do; it does not check it. As long
 * as it is not opened nobody is there.
 */
export async function startAppView() {
  const accounts = new Map()
  let open = false

  const server = createServer((req, res) => {
    if (!open) return void req.socket.destroy()
    void answer(req, res)
  })

  async function answer(req, res) {
    const chunks = []
    for await (const chunk of req) chunks.push(chunk)
    const url = new URL(req.url ?? '/', 'http://app.view')
    const method = url.pathname.replace('/xrpc/', '')
    const handle = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
    const did = issuer(req.headers.authorization)
    if (handle === undefined || did === undefined) {
      res.writeHead(handle === undefined ? 501 : 401, JSON_TYPE)
      return void res.end(JSON.stringify({ error: 'MethodNotImplemented', message: method }))
    }
    const kept = accounts.get(did) ?? { mutes: [], lists: [], bookmarks: [], drafts: [] }
    accounts.set(did, kept)
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const result = handle(kept, body, url.searchParams)
    // what has no answer has no type either
    if (result === undefined) return void res.end()
    res.writeHead(200, JSON_TYPE)
    res.end(JSON.stringify(result))
  }

  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    setOpen: (value) => (open = value),
    close: () => closeServer(server),
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** A page of a list that begins with the newest. */
const page = (list, params, name) => {
  const from = Number(params.get('cursor') ?? 0)
  const to = from + Number(params.get('limit') ?? 50)
  return {
    [name]: list.toReversed().slice(from, to),
    ...(to < list.length ? { cursor: String(to) } : {}),
  }
}
const at = '2026-11-01T10:00:00.000Z'

const METHODS = {
  'app.bsky.graph.getMutes': (kept, _, params) => page(kept.mutes, params, 'mutes'),
  'app.bsky.graph.muteActor': ({ mutes }, { actor }) =>
    void mutes.push({ did: actor, handle: 'someone.test' }),
  'app.bsky.graph.getListMutes': (kept, _, params) => page(kept.lists, params, 'lists'),
  'app.bsky.graph.muteActorList': ({ lists }, { list }) => {
    const creator = { did: list.split('/')[2], handle: 'someone.test' }
    lists.push({
      uri: list,
      cid: CID,
      name: 'A list',
      purpose: 'app.bsky.graph.defs#modlist',
      creator,
      indexedAt: at,
    })
  },
  'app.bsky.bookmark.getBookmarks': (kept, _, params) => page(kept.bookmarks, params, 'bookmarks'),
  'app.bsky.bookmark.createBookmark': ({ bookmarks }, { uri, cid }) => {
    const item = { $type: 'app.bsky.feed.defs#notFoundPost', uri, notFound: true }
    bookmarks.push({ subject: { uri, cid }, createdAt: at, item })
  },
  'app.bsky.draft.getDrafts': (kept, _, params) => page(kept.drafts, params, 'drafts'),
  'app.bsky.draft.createDraft': ({ drafts }, { draft }) => {
    const id = `3kaaaaaaaaa${String(drafts.length + 22).padStart(2, '2')}`
    drafts.push({ id, draft, createdAt: at, updatedAt: at })
    return { id }
  },
}

const CID = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

function issuer(authorization = '') {
  try {
    return JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString('utf8')).iss
  } catch {
    return undefined
  }
}
