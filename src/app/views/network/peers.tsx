import type { NetworkStatus, PeerStatus } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { PeerName } from '../../components/peer-name.tsx'
import { labelOf } from '../../lib/network.ts'
import { repoHref } from '../../lib/routes.ts'
import { bothWays, whyRelayed } from '../../words/net.ts'
import { useRepoNames } from '../../lib/repo-names.ts'

/** The devices that are connected now, how, and what both sides keep. */
export function Peers({ status }: { readonly status: NetworkStatus }) {
  const names = useRepoNames()
  return (
    <section className="card" aria-labelledby="net-peers">
      <div className="part-head">
        <h2 id="net-peers">Peers</h2>
        <p className="small">
          {status.peers.length === 0
            ? 'Nobody who keeps what you keep is connected now. Ask someone to keep a copy: open a repository and choose “Ask someone to keep a copy”.'
            : 'Devices that keep something you keep too, or are in a space with you.'}
        </p>
      </div>
      {status.peers.length > 0 && (
        <ul className="rows">
          {status.peers.map((peer) => (
            <PeerRow key={peer.peer} peer={peer} label={labelOf(peer.peer, status)} names={names} />
          ))}
        </ul>
      )}
    </section>
  )
}

interface PeerRowProps {
  readonly peer: PeerStatus
  readonly label: string
  readonly names: (did: string) => string
}

function PeerRow({ peer, label, names }: PeerRowProps) {
  const isDirect = peer.path === 'direct'
  return (
    <li className="part-row">
      <div className="stack-tight part-words">
        <div className="line">
          <PeerName peer={peer.peer} name={peer.name} label={label} />
          <span className={isDirect ? 'pill' : 'pill quiet'}>{isDirect ? 'direct' : 'through a relay'}</span>
          <span className="small">
            since <Ago at={peer.since} />
          </span>
        </div>
        {!isDirect && <p className="small">{whyRelayed(peer.whyRelayed)}</p>}
        <p className="small">
          {peer.shared.length === 0 ? (
            'No repository is kept by both.'
          ) : (
            <>
              Both keep{' '}
              {peer.shared.map((did, index) => (
                <span key={did}>
                  {index > 0 && ', '}
                  <a href={repoHref(did)}>{names(did)}</a>
                </span>
              ))}
            </>
          )}
        </p>
        <p className="small num">{bothWays(peer.received, peer.sent)}</p>
      </div>
    </li>
  )
}
