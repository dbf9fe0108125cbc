import type { Storage } from '../../storage/port.ts'

/** Where following a server's stream goes on. Table `meta`, key: `firehose/origin`. */
export interface CursorRow {
  readonly service: string
  /** `seq` of an event up to which nothing is owed any more */
  readonly cursor: number
  /** device time, ms */
  readonly savedAt: number
}

const keyOf = (service: string): string => `firehose/${service}`

export async function readCursor(storage: Storage, service: string): Promise<number | undefined> {
  // Our own row, written by this code.
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
