import { CairnError } from '../../core/errors.ts'
import { parseAccountName } from '../../pds/input.ts'
import { challengePeer } from '../../sync/challenge/challenge.ts'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import type { Candidate } from '../../sync/peers/engine.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import type { Copy, KeepLink, Network } from '../network-model.ts'
import { toWire } from '../remote-wire.ts'
import { keepForOurselves } from './agreement-actions.ts'
import { copiesOf, type DeviceCopy, namePeer } from './copies.ts'
import type { Following } from './following.ts'
import { readKeepLink, writeKeepLink } from './keep-link.ts'
import { setListed } from './listed.ts'
import type { Running } from './parts.ts'
import { addRelays } from './relay-actions.ts'

type CopyActions = Pick<
  Network,
  'copies' | 'challenge' | 'setListed' | 'keepLink' | 'keep' | 'keepAtStore' | 'namePeer'
>

/** Adds the relays that a link names, and remembers its peers as those to ask first. */
export async function takeUpLink(
  running: Running,
  hints: Map<string, Candidate[]>,
  { did, relays, peers }: Omit<KeepLink, 'url'>,
): Promise<void> {
  await addRelays(running, relays)
  hints.set(
    did,
    peers.map((peer) => running.candidateOf(peer)),
  )
}

/** What a person does about copies of repos. `hints`: peers that links named, by DID. */
export function copyActions(
  running: Running,
  following: Following,
  hints: Map<string, Candidate[]>,
): CopyActions {
  const { host, network, emit, tasks, node, relays, networker, engine, over } = running
  const { storage, clock, timers } = host
  const { net } = node

  const known = (did: string): Promise<DeviceCopy[]> => {
    const online = new Set([...networker.peers].map((it) => it.id).concat(running.connectedRelays()))
    return copiesOf(storage, did, net.self, (peer) => online.has(peer))
  }
  const copyAt = async (did: string, peer: string): Promise<Copy | undefined> =>
    (await known(did)).find(({ peers }) => peers.includes(peer))?.copy

  return {
    async copies(did, { fresh = false } = {}) {
      // Without an answer what was known stays.
      if (fresh) await engine.look(did).catch(() => {})
      return (await known(did)).map(({ copy }) => copy)
    },
    async challenge(did, named) {
      // The device is meant: the peer of it that can be reached answers for it.
      const peer = (await copyAt(did, named))?.peer ?? named
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
      const copy = await copyAt(did, peer)
      if (copy === undefined) throw new RangeError('a copy that was challenged is listed')
      return copy
    },
    async setListed(did, listed) {
      await setListed(storage, did, listed)
      await following.meetAnew(did)
      emit({ type: 'copies', did })
    },
    async keepLink(did) {
      const shareable = relays.facts().flatMap((it) => (it.shareable ? [it.url] : []))
      return writeKeepLink(network.app, { did, relays: shareable, peers: [net.self] })
    },
    async keep(input) {
      const link = readKeepLink(input)
      if (link === undefined) {
        parseAccountName(input)
        return { job: tasks.backup(input).id, did: undefined }
      }
      // Asked for by this person now, whatever was agreed before.
      await keepForOurselves(storage, link.did)
      await takeUpLink(running, hints, link)
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
