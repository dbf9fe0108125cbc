import type { Storage } from '../../storage/port.ts'
import { MAX_ENDED, type PublishedRow } from './model.ts'

const TABLE = 'network'
const PREFIX = 'published/'
/** key: this and the account's DID */
const CONSENT_PREFIX = 'published-consent/'

/** Whether an account lets anyone keep a copy. */
export interface ConsentRow {
  readonly consent: boolean
  /** that is a wish, which its repo does not say yet; else it is what its server said last */
  readonly due: boolean
  /** why it could not be written */
  readonly error: PublishedRow['error']
}

const keyOf = (me: string, other: string): string => `${PREFIX}${me} ${other}`

/** Our own rows, written by this code. */
export async function publishedRows(storage: Storage): Promise<PublishedRow[]> {
  const rows = await storage.list(TABLE, { from: PREFIX, to: 'published0' })
  return rows.map(({ value }) => value as PublishedRow)
}

export async function publishedRow(
  storage: Storage,
  me: string,
  other: string,
): Promise<PublishedRow | undefined> {
  return (await storage.get(TABLE, keyOf(me, other))) as PublishedRow | undefined
}

/** Puts a row and drops the oldest of those that ended; undefined deletes it. */
export async function putPublished(
  storage: Storage,
  { me, other }: Pick<PublishedRow, 'me' | 'other'>,
  row: PublishedRow | undefined,
): Promise<void> {
  const key = keyOf(me, other)
  if (row === undefined) return storage.write([{ type: 'delete', table: TABLE, key }])
  const ended = (await publishedRows(storage))
    .filter((it) => it.me === me && it.other !== other && it.ended !== undefined && it.due === undefined)
    .sort((a, b) => (b.ended?.at ?? 0) - (a.ended?.at ?? 0))
  const gone = ended.slice(MAX_ENDED - 1)
  await storage.write([
    { type: 'put', table: TABLE, key, value: row },
    ...gone.map((it) => ({ type: 'delete', table: TABLE, key: keyOf(it.me, it.other) }) as const),
  ])
}

export async function consentRow(storage: Storage, me: string): Promise<ConsentRow | undefined> {
  // our own rows, written by this code
  return (await storage.get(TABLE, CONSENT_PREFIX + me)) as ConsentRow | undefined
}

export async function consentRows(storage: Storage): Promise<ConsentRow[]> {
  const rows = await storage.list(TABLE, { from: CONSENT_PREFIX, to: 'published-consent0' })
  return rows.map(({ value }) => value as ConsentRow)
}

/** Undefined deletes it. */
export function putConsent(storage: Storage, me: string, row: ConsentRow | undefined): Promise<void> {
  const key = CONSENT_PREFIX + me
  return storage.write([
    row === undefined
      ? { type: 'delete', table: TABLE, key }
      : { type: 'put', table: TABLE, key, value: row },
  ])
}
