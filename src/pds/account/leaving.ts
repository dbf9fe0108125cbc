import type { AccountRow, AccountStore } from './model.ts'

/** A session that was given up here and of which its server is still to be told. Key: `leaving/…`. */
export interface LeavingRow extends Pick<AccountRow, 'did' | 'handle' | 'pds' | 'by' | 'sealed' | 'key'> {
  /** ms */
  readonly since: number
  /** it was tried, and the server did not answer as it should */
  readonly tried: boolean
}

const LEAVING = 'leaving/'
/** No token lives longer without being renewed: what was not told by then has ended by itself, ms. */
const FORGET_MS = 90 * 24 * 60 * 60_000

/** What is to be written when the session of this row is given up; nothing where it has ended. */
export function leave(
  row: AccountRow | undefined,
  since: number,
): { readonly key: string; readonly value: LeavingRow }[] {
  if (row?.sealed === undefined) return []
  const { did, handle, pds, by, sealed, key, signedInAt } = row
  return [
    {
      key: `${LEAVING}${did}/${signedInAt}`,
      value: { did, handle, pds, by, sealed, key, since, tried: false },
    },
  ]
}

export async function leavingRows(
  store: AccountStore,
): Promise<readonly { readonly key: string; readonly row: LeavingRow }[]> {
  // only `leave` writes under this prefix
  return (await store.list(LEAVING)).map(({ key, value }) => ({ key, row: value as LeavingRow }))
}

/**
 * Tells the servers of all sessions that were given up, one by one. `revoke` resolves when the server has ended the
 * session, or says that it had; what it throws leaves the row for another time. Returns how many are left.
 */
export function tellServers(
  store: AccountStore,
  now: number,
  revoke: (row: LeavingRow) => Promise<void>,
): Promise<number> {
  return store.lock('account-leaving', async () => {
    let left = 0
    for (const { key, row } of await leavingRows(store)) {
      try {
        if (row.since > now - FORGET_MS) await revoke(row)
        await store.write([{ key, value: undefined }])
      } catch {
        left += 1
        if (!row.tried) await store.write([{ key, value: { ...row, tried: true } satisfies LeavingRow }])
      }
    }
    return left
  })
}
