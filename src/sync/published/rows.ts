import type { Storage } from '../../storage/port.ts'
import { MAX_ENDED, type PublishedRow } from './model.ts'

const TABLE = 'network'
const PREFIX = 'published/'
/** key: this and the account's DID */
const CONSENT_PREFIX = 'published-consent/'

/** Whether an account is to let anyone keep a copy, until its repo says so. */
export interface ConsentWish {
  readonly consent: boolean
  /** why that could not be written */
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

export async function consentWish(storage: Storage, me: string): Promise<ConsentWish | undefined> {
  // our own rows, written by this code
  return (await storage.get(TABLE, CONSENT_PREFIX + me)) as ConsentWish | undefined
}

/** Accounts that have such a wish. */
export async function consentWishes(storage: Storage): Promise<string[]> {
  const keys = await storage.keys(TABLE, { from: CONSENT_PREFIX, to: 'published-consent0' })
  return keys.map((key) => key.slice(CONSENT_PREFIX.length))
}

/** Undefined deletes it. */
export function putConsentWish(storage: Storage, me: string, wish: ConsentWish | undefined): Promise<void> {
  const key = CONSENT_PREFIX + me
  return storage.write([
    wish === undefined
      ? { type: 'delete', table: TABLE, key }
      : { type: 'put', table: TABLE, key, value: wish },
  ])
}
