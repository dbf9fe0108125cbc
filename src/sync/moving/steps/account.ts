import { callError } from '../../../pds/account/call-error.ts'
import { didMethod } from '../../../pds/did-fetch.ts'
import { parsePrivateKey } from '../../../pds/plc/private-key.ts'
import { serviceToken } from '../../../pds/plc/service-token.ts'
import { currentPlcLog } from '../../../pds/plc/submit.ts'
import type { Moving, Step } from '../context.ts'
import { MovingError } from '../errors.ts'

const METHOD = 'com.atproto.server.createAccount'
/** How long the old server's token may be good for, s. */
const LIFETIME = 5 * 60

/** Makes the account at the new server. Nobody sees it there until it is activated. */
export const accountStep: Step = async (moving) => {
  const { row, home, given } = moving
  if (home.open) return { facts: { handle: row.to.handle } }
  const { password } = given
  if (password === undefined) return { waits: { for: 'password' } }
  if (!(await isClaimed(moving))) return { again: ['claim'] }
  await home.create(await tokenFor(moving), password)
  return { facts: { handle: row.to.handle } }
}

/** A more powerful key may have undone the claim: then no token of ours proves anything. */
async function isClaimed({ did, row, secrets, network, asked, signal }: Moving): Promise<boolean> {
  if (row.kind === 'move' || didMethod(did) === 'web') return true
  const key = secrets.interim === undefined ? undefined : parsePrivateKey(secrets.interim)
  const { current } = (await currentPlcLog(network, asked.plc, did, signal)).log
  return current !== 'tombstoned' && current.verificationMethods.get('atproto') === key?.didKey
}

/** Proof that the account itself asks: from its old server, or by the key that it was given by the person's own. */
async function tokenFor(moving: Moving): Promise<string> {
  const { did, row, secrets, host } = moving
  const aud = row.to.server
  if (row.kind === 'rescue') {
    const key = secrets.interim === undefined ? undefined : parsePrivateKey(secrets.interim)
    if (key === undefined) throw new MovingError('moving.no-key', { did })
    const nonce = [host.random(), host.random()].map((part) => part.toString(36)).join('')
    return serviceToken({ iss: did, aud, lxm: METHOD }, key, host.clock.now(), nonce)
  }
  const session = await moving.sessions.require(did, 'move')
  const agent = await session.agent()
  try {
    const exp = Math.floor(host.clock.now() / 1000) + LIFETIME
    const { data } = await agent.com.atproto.server.getServiceAuth({ aud, lxm: METHOD, exp })
    return data.token
  } catch (error) {
    throw callError(error, { did, host: new URL(session.pds).host })
  }
}
