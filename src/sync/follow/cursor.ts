import type { Storage } from '../../storage/port.ts'

/** Where following a server's stream goes on. Table `meta`, key: `firehose/origin`. */
export interface CursorRow {
  readonly service: string
  /** `seq` of an event up to which nothing is owed any more */
  readonly cursor: number
  /** device time, ms */
  readonly savedAt: number
}

/** A server that said too much is left alone. Table `meta`, key: `firehose-rest/origin`. */
export interface RestRow {
  /** device time, ms */
  readonly until: number
  /** how often in a row */
  readonly times: number
}

const keyOf = (service: string): string => `firehose/${service}`
const restKeyOf = (service: string): string => `firehose-rest/${service}`

// Our own rows, written by this code.

export async function readCursor(storage: Storage, service: string): Promise<number | undefined> {
  return ((await storage.get('meta', keyOf(service))) as CursorRow | undefined)?.cursor
}

export async function saveCursor(
  storage: Storage,
  service: string,
  cursor: number,
  now: number,
): Promise<void> {
  const value: CursorRow = { service, cursor, savedAt: now }
  // Lost in a crash it costs some events that come twice.
  await storage.write([{ type: 'put', table: 'meta', key: keyOf(service), value }], { durability: 'relaxed' })
}

export async function readRest(storage: Storage, service: string): Promise<RestRow | undefined> {
  return (await storage.get('meta', restKeyOf(service))) as RestRow | undefined
}

/** From then on the stream begins anew: what was said meanwhile is asked for, repo by repo. */
export async function saveRest(storage: Storage, service: string, value: RestRow): Promise<void> {
  await storage.write([
    { type: 'delete', table: 'meta', key: keyOf(service) },
    { type: 'put', table: 'meta', key: restKeyOf(service), value },
  ])
}

/** It had more to say since the cursor than is listened to. */
export async function forgetCursor(storage: Storage, service: string): Promise<void> {
  await storage.write([{ type: 'delete', table: 'meta', key: keyOf(service) }])
}
