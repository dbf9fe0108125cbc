import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { documentOf, makeKey, startLog } from '../../src/pds/testing/plc-maker.ts'
import { toJson } from '../../src/repo/json.ts'
import { cidText } from '../../src/repo/testing/cid.ts'
import { editRepo, type RepoEdits } from '../../src/repo/testing/edit.ts'
import { generateRepo } from '../../src/repo/testing/generate.ts'
import { signRepo, type TestRepo } from '../../src/repo/testing/repo.ts'

/** One commit of a live account, as its server hands it out. */
interface Version {
  readonly rev: string
  readonly commit: string
  /** the whole repo, made when it is asked for */
  readonly car: () => Iterable<Uint8Array>
  /** what it changed since the version before */
  readonly since: readonly Uint8Array[]
}

/** An account that writes while others look: its server and the PLC directory that knows it, in one place. */
export interface LiveAccount {
  readonly did: string
  /** both the PDS and the directory */
  readonly origin: string
  /** the repo as it was before the first edit */
  readonly base: TestRepo
  /** Makes the account's newest commit the one of this edit; 0 is the base. */
  publish(edit: number): void
  close(): Promise<void>
}

/** Long before the first record, so that the key in the log has signed all of them. */
const OPENED = Date.UTC(2022, 0, 1)

/**
 * An account with so many records, and commits that each edit it once, all made beforehand. At `/bench/rev/{edit}`
 * it says the rev of an edit, and at `/bench/base` all records of the base as JSON, a text for each path.
 */
export async function liveAccount(
  records: number,
  edits: readonly ((repo: TestRepo) => RepoEdits)[],
): Promise<LiveAccount> {
  const made = generateRepo({ seed: `bench-live-${records}`, records, order: 'preorder' })
  let respond = (_url: URL, response: ServerResponse): void => void response.writeHead(503).end()
  const server = createServer((request, response) => {
    respond(new URL(request.url ?? '/', 'http://localhost'), response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // listening on TCP
  const origin = `http://127.0.0.1:${port}`
  const rotation = await makeKey('p256')
  const handle = `live-${records}.test`
  // only the did:key of a signing key goes into a log
  const signing = { ...rotation, didKey: made.key.didKey }
  const log = await startLog({ rotationKeys: [rotation], signing, handle, pds: origin }, rotation, OPENED)
  const [genesis] = log.entries
  if (genesis === undefined) throw new Error('a log has a genesis')
  const base = signRepo({ ...made, did: log.did, handle })
  const versions: Version[] = [versionOf(base, [])]
  let repo: TestRepo = base
  for (const edit of edits) {
    const edited = editRepo(repo, edit(repo))
    versions.push(versionOf(edited, [...edited.sinceCar()]))
    repo = edited
  }
  let newest = 0
  const current = (): Version => {
    const version = versions[newest]
    if (version === undefined) throw new RangeError(`no edit ${newest}`)
    return version
  }
  respond = (url, response) => answer({ base, url, versions, current, genesis, log }, response)
  return {
    did: base.did,
    origin,
    base,
    publish: (edit) => void (newest = edit),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const versionOf = (repo: TestRepo, since: readonly Uint8Array[]): Version => ({
  rev: repo.rev,
  commit: cidText(repo.commit),
  car: () => repo.car('preorder'),
  since,
})

interface Asked {
  readonly base: TestRepo
  readonly url: URL
  readonly versions: readonly Version[]
  readonly current: () => Version
  readonly genesis: { readonly operation: Record<string, unknown> }
  readonly log: { readonly entries: readonly unknown[] }
}

function answer({ base, url, versions, current, genesis, log }: Asked, response: ServerResponse): void {
  const json = (body: unknown, status = 200): void => {
    response.writeHead(status, { ...SHARED, 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const path = decodeURIComponent(url.pathname)
  const { did } = base
  const { rev, commit, car, since } = current()
  switch (path) {
    case `/${did}`:
      return json(documentOf(did, genesis.operation))
    case `/${did}/log/audit`:
      return json(log.entries)
    case '/xrpc/com.atproto.sync.getLatestCommit':
      return json({ cid: commit, rev })
    case '/xrpc/com.atproto.sync.getRepoStatus':
      return json({ did, active: true, rev })
    case '/xrpc/com.atproto.sync.getRepo': {
      // Asked for what came after the version before, it has that at hand; else the whole.
      const before = versions.findIndex((it) => it.rev === url.searchParams.get('since'))
      const isNext = before >= 0 && versions[before + 1]?.rev === rev
      response.writeHead(200, { ...SHARED, 'content-type': 'application/vnd.ipld.car' })
      for (const chunk of isNext ? since : car()) response.write(chunk)
      return void response.end()
    }
  }
  if (path === '/bench/base')
    return json(Object.fromEntries(base.records.map((it) => [it.path, JSON.stringify(toJson(it.bytes))])))
  const number = /^\/bench\/rev\/(\d+)$/.exec(path)?.[1]
  const asked = number === undefined ? undefined : versions[Number(number)]
  if (asked === undefined) return json({ error: 'MethodNotImplemented', message: path }, 404)
  response.writeHead(200, { ...SHARED, 'content-type': 'text/plain' }).end(asked.rev)
}

const SHARED = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
