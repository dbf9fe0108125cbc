import { callError } from '../../pds/account/call-error.ts'
import type { Sessions } from '../../pds/account/model.ts'
import type { Moving } from './context.ts'
import type { Given, Wait } from './model.ts'

/** Has the old server send a code by mail, with which it will sign an operation. */
export async function requestCode(sessions: Sessions, did: string): Promise<{ readonly host: string }> {
  const session = await sessions.require(did, 'move')
  const host = new URL(session.pds).host
  try {
    await (await session.agent()).com.atproto.identity.requestPlcOperationSignature()
  } catch (error) {
    throw callError(error, { did, host })
  }
  return { host }
}

/** What a move waits for then. A code that was asked for before is not asked for again: the newer makes it void. */
export async function askForCode(moving: Moving): Promise<Wait> {
  const { did, row, sessions } = moving
  if (row.waits?.for === 'code') return row.waits
  return { for: 'code', ...(await requestCode(sessions, did)) }
}

/** A code is good for one try. */
export function forgetCode({ given }: { readonly given: Given }): void {
  delete given.code
}
