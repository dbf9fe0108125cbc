import type { CairnHost } from '../../src/cairn/host.ts'
import { backUp } from '../../src/sync/backup.ts'
import { openRepo } from '../../src/sync/kept.ts'
import { askOf } from '../../src/sync/packs/ask.ts'
import { createPackClient } from '../../src/sync/packs/client.ts'
import type { Exchange } from '../../src/sync/packs/exchange.ts'
import { takeList } from '../../src/sync/packs/take-list.ts'
import type { ImportSession } from '../../src/storage/import-session.ts'
import { askIdentity, takeIn } from '../../src/sync/take-in.ts'
import { exclusively, type Work } from '../../src/sync/work.ts'
import { browserHost } from '../../src/worker/host.ts'
import type { Task } from './worker.ts'

/** A device that holds a repo of some time ago and comes back: by a pack, or by the CAR of a server. */

const noNode = async (): Promise<never> => {
  throw new Error('this bench needs no node')
}
let opening: Promise<CairnHost> | undefined
const startDigest = (): Worker => new Worker('/digest-thread.js', { type: 'module' })
const opened = (): Promise<CairnHost> => (opening ??= browserHost('page', noNode, startDigest))

const endpoints = (plc: string) => ({ plc, doh: '', resolver: '', allowLocal: true })

const workOn = (host: CairnHost): Work => ({
  signal: new AbortController().signal,
  report() {},
  onWait: ({ error }) => console.error(`waits: ${String(error)}`),
  check() {},
  exclusively: (did, run) => exclusively(host.storage, did, run),
})

/** Streams a CAR into an import, as the engine does with the answer of a server. */
async function takeCar(
  host: CairnHost,
  input: { readonly did: string; readonly plc: string; readonly url: string; readonly partial: boolean },
): Promise<{ rev: string | undefined; bytes: number }> {
  const { did, plc, url, partial } = input
  let bytes = 0
  const feed = async (session: ImportSession): Promise<void> => {
    const response = await fetch(url)
    if (!response.ok || response.body === null) throw new Error(`no data at ${url}`)
    const reader = response.body.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length
      await session.write(part.value)
    }
  }
  const { snapshot } = await takeIn(host, endpoints(plc), {
    did,
    source: 'file',
    label: 'bench',
    work: workOn(host),
    partial,
    feed,
  })
  return { rev: snapshot?.rev, bytes }
}

/** Takes the repo in whole; nothing of it is measured. */
export const keepBase: Task<'keepBase'> = async (input) => {
  const taken = await takeCar(await opened(), { ...input, partial: false })
  return async () => taken
}

/** From the request to the moved head: what changed, as the CAR that a PDS answers to `since`. */
export const catchUpByCar: Task<'catchUpByCar'> = async (input) => {
  const host = await opened()
  return () => takeCar(host, { ...input, partial: true })
}

/**
 * The same as a backup does it, from who the author is to the moved head, with all that it asks the account's server
 * for: this page's own origin, wherever the history happened.
 */
export const catchUpByBackup: Task<'catchUpByBackup'> = async ({ did, plc }) => {
  const { fetch: ask, ...host } = await opened()
  const here: CairnHost = {
    ...host,
    fetch: (url, init) => {
      const { pathname, search } = new URL(url)
      return ask(pathname.startsWith('/xrpc/') ? `${location.origin}${pathname}${search}` : url, init)
    },
  }
  return async () => {
    const { snapshot } = await backUp(here, endpoints(plc), did, workOn(here))
    return { rev: snapshot?.rev, bytes: 0 }
  }
}

/** From the request to the moved head: what changed, as a pack over `POST /sync`. */
export const catchUpByPack: Task<'catchUpByPack'> = async ({ did, plc, url }) => {
  const host = await opened()
  let bytes = 0
  const exchange: Exchange = {
    peer: url,
    async send(request) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Uint8Array(request),
      })
      const answer = new Uint8Array(await response.arrayBuffer())
      bytes += answer.length
      return answer
    },
    chunk: async () => new Uint8Array(0),
    fail: (error) => console.error(error),
    close: async () => {},
  }
  return async () => {
    const client = createPackClient(exchange, 'bench')
    // As the engine does it: what is kept is read once, and who the author is, is asked while the list is on its way.
    const [repo, cutOff] = await Promise.all([openRepo(host.storage, did), host.storage.get('imports', did)])
    if (repo === undefined || cutOff !== undefined) throw new Error('no base')
    const ask = askOf(did, repo)
    const pulled = client.pull([ask])
    const asked = askIdentity(host, endpoints(plc), did, workOn(host))
    asked.catch(() => {})
    const { answers } = await pulled
    const subscription = answers.get(did)
    if (subscription === undefined) throw new Error('no answer')
    const { snapshot } = await takeList(host, endpoints(plc), {
      ask,
      repo,
      subscription,
      peer: url,
      work: workOn(host),
      label: 'bench',
      asked,
    })
    return { rev: snapshot?.rev, bytes }
  }
}
