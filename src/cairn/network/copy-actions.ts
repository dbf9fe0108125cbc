import { CairnError } from '../../core/errors.ts'
import { challengePeer } from '../../sync/challenge/challenge.ts'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import type { Candidate } from '../../sync/peers/engine.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import type { Network } from '../network-model.ts'
import { toWire } from '../remote-wire.ts'
import { keepForOurselves } from './agreement-actions.ts'
import { copiesOf, namePeer } from './copies.ts'
import type { Following } from './following.ts'
import { readKeepLink, writeKeepLink } from './keep-link.ts'
import { setListed } from './listed.ts'
import type { Running } from './parts.ts'
import { addRelays } from './relay-actions.ts'

type CopyActions = Pick<
  Network,
  'copies' | 'challenge' | 'setListed' | 'keepLink' | 'keep' | 'keepAtStore' | 'namePeer'
>

/** What a person does about copies of repos. `hints`: peers that links named, by DID. */
export function copyActions(
  running: Running,
  following: Following,
  hints: Map<string, Candidate[]>,
): CopyActions {
  const { host, network, emit, tasks, node, relays, networker, engine, over } = running
  const { storage, clock, timers } = host
  const { net } = node

  const copies: Network['copies'] = async (did, { fresh = false } = {}) => {
    // Without an answer what was known stays.
    if (fresh) await engine.look(did).catch(() => {})
    const online = new Set([...networker.peers].map((it) => it.id).concat(running.connectedRelays()))
    return copiesOf(storage, did, net.self, (peer) => online.has(peer))
  }

  return {
    copies,
    async challenge(did, peer) {
      const at = clock.now()
      try {
        const { ms } = await challengePeer(host, net, { did, peer, signal: over })
        await noteCopy(storage, did, peer, { challenge: { at, ok: true, ms }, answeredAt: clock.now() })
      } catch (error) {
        if (!(error instanceof CairnError)) throw error
        await noteCopy(storage, did, peer, { challenge: { at, ok: false, ...toWire(error) } })
      } finally {
        emit({ type: 'copies', did })
      }
      const copy = (await copies(did)).find((it) => it.peer === peer)
      if (copy === undefined) throw new RangeError('a copy that was challenged is listed')
      return copy
    },
    async setListed(did, listed) {
      await setListed(storage, did, listed)
      await following.announce(did)
      emit({ type: 'copies', did })
    },
    async keepLink(did) {
      const shareable = relays.facts().flatMap((it) => (it.shareable ? [it.url] : []))
      return writeKeepLink(network.app, { did, relays: shareable, peers: [net.self] })
    },
    async keep(input) {
      const link = readKeepLink(input)
      if (link === undefined) return { job: tasks.backup(input).id, did: undefined }
      // Asked for by this person now, whatever was agreed before.
      await keepForOurselves(storage, link.did)
      await addRelays(running, link.relays)
      hints.set(
        link.did,
        link.peers.map((peer) => running.candidateOf(peer)),
      )
      return { job: tasks.backup(link.did).id, did: link.did }
    },
    async keepAtStore(did, url, token) {
      const { peer } = await relays.ask(url)
      if (peer === undefined) throw new RangeError('a relay that was asked is known')
      const state = await createStoreClient(net, timers, peer).keep(did, {
        signal: over,
        ...(token === undefined ? {} : { token }),
      })
      await noteCopy(storage, did, peer, {
        kind: 'store',
        rev: state.rev,
        commit: state.commit,
        answeredAt: clock.now(),
      })
      emit({ type: 'copies', did })
    },
    async namePeer(peer, name) {
      await namePeer(storage, peer, name)
      emit({ type: 'network' })
    },
  }
}
