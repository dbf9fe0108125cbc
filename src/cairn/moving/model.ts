import type { MoveInput } from '../../sync/moving/begin.ts'
import type { MoveKind, PrivateName, StepFacts, StepName, Wait } from '../../sync/moving/model.ts'
import type { ServerFacts } from '../../sync/moving/new-place.ts'
import type { Plan } from '../../sync/moving/plan.ts'
import type { NewKey } from '../../sync/moving/prepare.ts'
import type { Standing } from '../../sync/moving/standing.ts'
import type { Job } from '../model.ts'

export type { MoveInput } from '../../sync/moving/begin.ts'
export type { MoveKind, PrivateName, StepFacts, StepName, Wait } from '../../sync/moving/model.ts'
export type { ServerFacts } from '../../sync/moving/new-place.ts'
export type { Finding, FindingCode, Plan } from '../../sync/moving/plan.ts'
export type { NewKey } from '../../sync/moving/prepare.ts'
export type { Standing } from '../../sync/moving/standing.ts'

export interface MoveStep {
  readonly name: StepName
  readonly state: 'todo' | 'running' | 'done' | 'failed'
  /** ms; when it last ended */
  readonly at: number | undefined
  readonly facts: StepFacts
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** while it runs: of how many so many are done; `total` 0 when that is not known */
  readonly progress: { readonly done: number; readonly total: number } | undefined
}

/** An account on its way to another server, or arrived there. */
export interface Move {
  readonly did: string
  readonly handle: string | undefined
  readonly kind: MoveKind
  readonly method: 'plc' | 'web'
  /** origin of the server that is left */
  readonly from: string | undefined
  /** origin of the new one */
  readonly to: string
  readonly newHandle: string
  readonly withoutBlobs: boolean
  /** ms */
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly steps: readonly MoveStep[]
  readonly running: boolean
  /** what only the person has, and what it waits for */
  readonly waits: Wait | undefined
}

/** What was brought here of what an account has beside its repo. */
export interface PrivateSummary {
  /** ms */
  readonly at: number
  readonly parts: readonly {
    readonly name: PrivateName
    readonly count: number
    /** code of the error for which there is none */
    readonly problem: string | undefined
  }[]
}

/** What a person gives to a move; held in memory until it has ended. */
export interface MoveGifts {
  /** for the account at the new server */
  readonly password?: string
  /** the recovery key: 24 words, or the text of its file */
  readonly key?: string
  /** what the old server has sent by mail */
  readonly code?: string
}

/** Getting ready to leave a server, and leaving it: with its help, or without. */
export interface Moving {
  list(): Promise<readonly Move[]>
  get(did: string): Promise<Move | undefined>

  /** Errors: `pds.*` */
  standing(did: string): Promise<Standing>
  /** Makes a recovery key, shown this once. Errors: `moving.not-plc` */
  makeKey(did: string): Promise<NewKey>
  /** The key as the person has kept it. Errors: `moving.bad-key`, `moving.wrong-key`, `moving.no-key` */
  checkKey(did: string, text: string): Promise<void>
  /** Has the account's server send a code by mail. Errors: `account.*`, `pds.*` */
  requestCode(did: string): Promise<{ readonly host: string }>
  /** Errors: `moving.no-key`, `moving.code-wrong`, `moving.keys-full`, `moving.identity-changed`, `account.*`, `pds.*` */
  addKey(did: string, code: string): Promise<void>
  /** Errors: `account.*` */
  exportPrivate(did: string): Promise<PrivateSummary>
  /** What was exported last, as the text of a file. */
  privateFile(did: string): Promise<string | undefined>
  /** Errors: `moving.not-a-repo`, `moving.wrong-account` */
  takePrivate(did: string, text: string): Promise<void>

  /** Opens a CAR file of this account and of no other. Errors: `moving.wrong-account`, `moving.not-a-repo` */
  takeFile(did: string, file: Blob, name: string): Promise<Job>
  /** What a server says of itself. Errors: `pds.*` */
  server(address: string): Promise<ServerFacts>
  /** Looks at everything and changes nothing. */
  plan(input: MoveInput, key?: string): Promise<Plan>
  /** Errors: `moving.underway`, `moving.same-server`, `moving.handle-refused`, `pds.*` */
  begin(input: MoveInput): Promise<Move>
  /** Goes on, in the background, as far as it can. Errors: `moving.none`, `moving.busy` */
  go(did: string, gifts: MoveGifts): Promise<void>
  stop(did: string): Promise<void>
  /** Leaves behind the blobs that nobody has. */
  withoutBlobs(did: string): Promise<void>
  forget(did: string): Promise<void>
}
