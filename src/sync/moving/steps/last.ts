import { callError } from '../../../pds/account/call-error.ts'
import { AccountError } from '../../../pds/account/errors.ts'
import { CairnError } from '../../../core/errors.ts'
import type { Step } from '../context.ts'
import { MovingError } from '../errors.ts'
import { hasNewer } from './check.ts'

/** From here on the new server answers for the account. */
export const activateStep: Step = async ({ home, did }) => {
  await home.call((agent) => agent.com.atproto.server.activateAccount())
  const { data } = await home.call((agent) => agent.com.atproto.server.checkAccountStatus())
  if (!data.activated)
    throw new MovingError('moving.refused', { host: home.host, did, error: 'Inactive', message: '' })
  return { facts: { validDid: data.validDid } }
}

/**
 * The account at the old server sleeps, and can be woken or deleted there. That it does is no condition. What was
 * written there in the last seconds, while the identity changed, is not at the new one: that is said.
 */
export const leaveStep: Step = async (moving) => {
  const { did, row, sessions, signal } = moving
  const late = await hasNewer(moving)
  try {
    const session = await sessions.require(did, 'move')
    // Whoever signed in anew meanwhile did so at the new server: there it must not be put to sleep.
    if (session.pds === row.to.pds) throw new AccountError('account.not-signed-in', { did })
    const host = new URL(session.pds).host
    try {
      await (await session.agent()).com.atproto.server.deactivateAccount({})
    } catch (error) {
      throw callError(error, { did, host })
    }
    return { facts: { host, late } }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CairnError) return { facts: { problem: error.code, late } }
    throw error
  }
}
