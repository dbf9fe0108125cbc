import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Node 24 from the project's own packages, whatever the system's is. */
export const NODE = join(ROOT, 'node_modules/.bin/node')

/** How long a real server may take to come up on a busy two-core machine. */
const START_MS = 60_000

export interface BlobRef {
  readonly $type: 'blob'
  readonly ref: { readonly $link: string }
  readonly mimeType: string
  readonly size: number
}

export type MediaKind = 'png' | 'jpeg' | 'webp' | 'gif' | 'html' | 'svg'

export type Write =
  | { $type: 'com.atproto.repo.applyWrites#create'; collection: string; rkey?: string; value: object }
  | { $type: 'com.atproto.repo.applyWrites#update'; collection: string; rkey: string; value: object }
  | { $type: 'com.atproto.repo.applyWrites#delete'; collection: string; rkey: string }

/** See `faults.mjs`. */
export interface Fault {
  /** part of the path and query */
  readonly match: string
  readonly kind: 'cut' | 'stall' | 'hold' | 'garbage' | 'status' | 'throttle' | 'swap'
  readonly times?: number
  readonly after?: number
  readonly status?: number
  readonly body?: object
  /** bytes a second */
  readonly rate?: number
  readonly did?: string
}

export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly bytes: number
  readonly fault?: string
}

export interface ListedRecord {
  readonly uri: string
  readonly cid: string
  readonly value: Record<string, unknown>
}

export type Account = { readonly did: string; readonly handle: string }
type Repo = { readonly did: string }

/** The control methods of `server.mjs`. */
interface Methods {
  createAccount(params: { handle: string }): Account
  signIn(params: { did: string; password: string }): unknown
  applyWrites(params: { did: string; writes: readonly Write[] }): { commit: { cid: string; rev: string } }
  uploadBlob(params: { did: string; kind: MediaKind; seed: number; side?: number }): BlobRef
  latestCommit(params: Repo): { cid: string; rev: string }
  describeRepo(params: Repo): { collections: string[]; handle: string }
  listRecords(params: { did: string; collection: string }): ListedRecord[]
  listBlobs(params: Repo): string[]
  deactivate(params: Repo): unknown
  activate(params: Repo): unknown
  updateHandle(params: { did: string; handle: string }): unknown
  takedown(params: { did: string; applied: boolean }): unknown
  deleteAccount(params: Repo): unknown
  /** undefined answers as null */
  mailedCode(params: { to: string }): string | null
  createInvite(params: Record<string, never>): string
  /** the account at this server as its owner calls it: `method` is an NSID; a body makes it a procedure */
  callAs(params: {
    did: string
    method: string
    query?: Record<string, string>
    body?: object
  }): Record<string, unknown>
  seize(params: Repo): unknown
  /** See `key-rotation.mjs`; did:keys */
  rotateKey(params: Repo): { past: string; now: string }
  signWithPastKey(params: Repo): unknown
  /** has the server find a host at this machine, and trust its certificate (PEM) */
  knowHost(params: { name: string; certificate: string }): unknown
  /** whether anyone is at the AppView that this server asks; nobody is at first */
  setAppView(params: { open: boolean }): unknown
  /** whether pages may follow event streams; those that are open end */
  setStreams(params: { open: boolean }): unknown
  setFaults(params: { faults: readonly Fault[] }): unknown
  requests(params: { match: string }): LoggedRequest[]
  forgetRequests(params: Record<string, never>): unknown
  stopServer(params: Record<string, never>): unknown
  startServer(params: Record<string, never>): unknown
}

export interface Pds {
  /** what identity documents name: the fault proxy in front of the real PDS */
  readonly url: string
  readonly plc: string
  call<M extends keyof Methods>(method: M, params: Parameters<Methods[M]>[0]): Promise<ReturnType<Methods[M]>>
  /** Breaks answers from now on; an empty list heals, and lets go of what is held. */
  faults(...faults: readonly Fault[]): Promise<void>
  stop(): Promise<void>
}

export interface PdsOptions {
  /** a directory that runs already, of another PDS */
  readonly plc?: string
  /** what its handles end in, `.test` unless told */
  readonly domain?: string
  /** accounts need an invite code */
  readonly invites?: boolean
}

export async function startPds({ plc, domain, invites }: PdsOptions = {}): Promise<Pds> {
  if (!existsSync(join(ROOT, 'e2e/node_modules/@atproto/pds'))) throw new Error('Run `npm ci` in e2e/ first.')
  const args = [
    ...(plc === undefined ? [] : ['--plc', plc]),
    ...(domain === undefined ? [] : ['--domain', domain]),
    ...(invites === true ? ['--invites'] : []),
  ]
  const child = spawn(NODE, [join(import.meta.dirname, 'server.mjs'), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LOG_ENABLED: 'false', NODE_NO_WARNINGS: '1' },
  })
  const addresses = JSON.parse(await firstLine(child)) as { control: string; pds: string; plc: string }

  const call: Pds['call'] = async (method, params) => {
    const response = await fetch(addresses.control, {
      method: 'POST',
      body: JSON.stringify({ method, params }),
    })
    const answer = (await response.json()) as { result?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(answer.error)
    // the control endpoint is ours: each method answers the type that Methods gives it
    return answer.result as never
  }

  return {
    url: addresses.pds,
    plc: addresses.plc,
    call,
    faults: async (...faults) => {
      await call('setFaults', { faults })
    },
    stop: () => stopChild(child),
  }
}

/** The first line that a child prints, or why there is none. */
export function firstLine(child: ChildProcess, wanted = /./): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the child needs a piped stdout')
    const timer = setTimeout(() => reject(new Error(`nothing printed in ${START_MS} ms`)), START_MS)
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
    child.once('error', reject)
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      if (!wanted.test(line)) return
      clearTimeout(timer)
      resolve(line)
    })
  })
}

export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}
