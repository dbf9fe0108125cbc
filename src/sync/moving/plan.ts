import { CairnError } from '../../core/errors.ts'
import { isHandle } from '../../core/syntax.ts'
import { didMethod } from '../../pds/did-fetch.ts'
import type { Network } from '../../pds/network.ts'
import { getRepoStatus } from '../../pds/repo.ts'
import { MAX_ROTATION_KEYS } from '../../pds/plc/make-operation.ts'
import { currentPlcLog } from '../../pds/plc/submit.ts'
import { queryJson } from '../../pds/xrpc.ts'
import { type Endpoints, networkOf } from '../host.ts'
import { repoRow } from '../kept.ts'
import type { MoveInput } from './begin.ts'
import type { MovingHost } from './context.ts'
import { MovingError } from './errors.ts'
import { type PrivateRow, privateKey, type StepFacts, type StepName, STEPS } from './model.ts'
import { describeServer, isServersOwn, type ServerFacts } from './new-place.ts'
import { signingPlace } from './signing.ts'
import { chosenSnapshot, countBlobs, proveSnapshot } from './steps/copy.ts'

/**
 * One thing that was looked at. `stop`: the move would fail there. `warn`: it would work, and this is to be known.
 * `fine`: as it should be.
 */
export interface Finding {
  readonly code: FindingCode
  readonly level: 'fine' | 'warn' | 'stop'
  readonly fields: StepFacts
}

export type FindingCode =
  | 'copy'
  | 'copy-none'
  | 'copy-wrong'
  | 'blobs'
  | 'blobs-lacking'
  | 'server'
  | 'server-failed'
  | 'server-same'
  | 'server-phone'
  | 'account-there'
  | 'invite'
  | 'handle'
  | 'handle-taken'
  | 'handle-foreign'
  | 'email'
  | 'session'
  | 'session-lacking'
  | 'settings-lacking'
  | 'key'
  | 'key-not-given'
  | 'key-wrong'
  | 'key-overrules'
  | 'key-below'
  | 'keys-full'
  | 'document'
  | 'old-answers'
  | 'private'
  | 'private-none'

/** What a move would do, and what would come in its way. */
export interface Plan {
  readonly kind: MoveInput['kind']
  readonly from: string | undefined
  readonly to: ServerFacts | undefined
  readonly steps: readonly StepName[]
  readonly findings: readonly Finding[]
  /** nothing stops it */
  readonly ready: boolean
}

/** The new server's and the person's own keys come beside what is there. */
const SERVER_KEYS = 1

/**
 * The whole of a move without doing any of it: nothing is sent but questions that anybody may ask. `key`: the
 * recovery key, to see what it can do; it is not kept.
 */
export async function planMove(parts: MovingHost, input: MoveInput, key?: string): Promise<Plan> {
  const asked = await parts.endpoints()
  const network = networkOf(parts.host, asked)
  const from = (await repoRow(parts.host.storage, input.did))?.pds
  const findings: Finding[] = []
  const add: Add = (level, code, fields = {}) => void findings.push({ code, level, fields })

  await lookAtCopy(parts, input, add)
  const to = await lookAtServer(network, input, from, add)
  if (input.kind === 'move') await lookAtSession(parts, input.did, add)
  else await lookAtOldServer(network, input.did, from, add)
  await lookAtIdentity(parts, asked, network, input, key, add)
  if (input.kind === 'rescue') {
    // only our own rows are under this key
    const kept = (await parts.store.get(privateKey(input.did))) as PrivateRow | undefined
    if (kept === undefined) add('warn', 'private-none')
    else add('fine', 'private', { at: kept.at })
  }
  const ready = findings.every(({ level }) => level !== 'stop')
  return { kind: input.kind, from, to, steps: STEPS[input.kind], findings, ready }
}

type Add = (level: Finding['level'], code: FindingCode, fields?: StepFacts) => void

async function lookAtCopy({ host }: MovingHost, input: MoveInput, add: Add): Promise<void> {
  const { did } = input
  try {
    const snapshot = await chosenSnapshot(host.storage, did, input.snapshot)
    await proveSnapshot(host, snapshot, undefined, () => {})
    add('fine', 'copy', { records: snapshot.root.records, takenAt: snapshot.takenAt })
  } catch (error) {
    if (!(error instanceof MovingError)) throw error
    // a move makes the copy itself
    const none = error.code === 'moving.no-copy'
    if (none && input.kind === 'move') add('warn', 'copy-none')
    else add('stop', none ? 'copy-none' : 'copy-wrong', { problem: error.code })
    return
  }
  const { wanted, kept } = await countBlobs(host.storage, did)
  if (kept === wanted) add('fine', 'blobs', { blobs: wanted })
  else add('warn', 'blobs-lacking', { blobs: wanted, lacking: wanted - kept })
}

async function lookAtServer(
  network: Network,
  input: MoveInput,
  from: string | undefined,
  add: Add,
): Promise<ServerFacts | undefined> {
  let server: ServerFacts
  try {
    server = await describeServer(network, input.server)
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    add('stop', 'server-failed', { problem: error.code })
    return undefined
  }
  const { host, pds } = server
  if (pds === from) add('stop', 'server-same', { host })
  else add('fine', 'server', { host })
  if (server.phoneNeeded) add('warn', 'server-phone', { host })
  if (server.inviteNeeded) {
    const given = (input.invite ?? '').trim() !== ''
    add(given ? 'fine' : 'stop', 'invite', { host, given })
  }
  if (!/^[^@\s]+@[^@\s]+$/.test(input.email.trim())) add('stop', 'email')
  const { status } = await getRepoStatus(network, { pds, did: input.did })
  if (status === 'active' || status === 'deactivated') add('warn', 'account-there', { host })
  await lookAtHandle(network, server, input, add)
  return server
}

/** A handle is the server's to give, or points to the account already. */
async function lookAtHandle(
  network: Network,
  server: ServerFacts,
  input: MoveInput,
  add: Add,
): Promise<void> {
  const handle = input.handle.trim().replace(/^@/, '').toLowerCase()
  const about = { handle, host: server.host, domains: server.domains.join(' ') }
  if (!isHandle(handle)) {
    add('stop', 'handle-foreign', about)
    return
  }
  const found = await resolvedBy(network, server.pds, handle)
  if (found === input.did) add('fine', 'handle', about)
  else if (found !== undefined) add('stop', 'handle-taken', about)
  else if (isServersOwn(server, handle)) add('fine', 'handle', about)
  else add('stop', 'handle-foreign', about)
}

async function resolvedBy(network: Network, pds: string, handle: string): Promise<unknown> {
  const query = { service: pds, method: 'com.atproto.identity.resolveHandle', params: { handle } }
  try {
    return (await queryJson(network, query))['did']
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}

async function lookAtSession({ sessions }: MovingHost, did: string, add: Add): Promise<void> {
  try {
    const session = await sessions.require(did, 'move')
    add('fine', 'session', { host: new URL(session.pds).host })
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    add('stop', 'session-lacking', { problem: error.code })
    return
  }
  try {
    await sessions.require(did, 'preferences')
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    add('warn', 'settings-lacking')
  }
}

/** One that still answers may still help, and a move is the gentler way. */
async function lookAtOldServer(
  network: Network,
  did: string,
  from: string | undefined,
  add: Add,
): Promise<void> {
  if (from === undefined) return
  const { status } = await getRepoStatus(network, { pds: from, did })
  if (status === 'active') add('warn', 'old-answers', { host: new URL(from).host })
}

async function lookAtIdentity(
  { host }: MovingHost,
  asked: Endpoints,
  network: Network,
  { did, kind }: MoveInput,
  text: string | undefined,
  add: Add,
): Promise<void> {
  if (didMethod(did) === 'web') {
    add('warn', 'document')
    return
  }
  try {
    const { log } = await currentPlcLog(network, asked.plc, did)
    const listed = log.current === 'tombstoned' ? 0 : log.current.rotationKeys.length
    if (kind === 'move' && listed + SERVER_KEYS > MAX_ROTATION_KEYS + 1) add('stop', 'keys-full', { listed })
    if (text === undefined || text.trim() === '') {
      if (kind === 'rescue') add('stop', 'key-not-given')
      return
    }
    const { place } = await signingPlace(log, text, host.clock.now())
    add('fine', 'key', { rank: place.rank })
    // those above it can undo what it signs, for 72 hours
    if (place.rank > 0) add('warn', 'key-below', { above: place.rank })
    if (place.overrules.length > 0) {
      add('warn', 'key-overrules', { count: place.overrules.length, until: place.until })
    }
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    add('stop', 'key-wrong', { problem: error.code })
  }
}
