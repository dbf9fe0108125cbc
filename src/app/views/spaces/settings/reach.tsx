import { Ago } from '../../../components/bits.tsx'
import { useNow } from '../../../lib/live.ts'
import { useHere } from '../../../spaces/here.ts'
import { syncSentence } from '../../../spaces/sentences.ts'
import { wordsFor } from '../../../words.ts'

/** Who has what is here: the devices and stores that keep this space, as far as each said last. */
export function ReachCard() {
  const { detail } = useHere()
  const { peers, sync } = detail
  const now = useNow(sync.answeredAt)
  return (
    <section className="card pad setting" aria-labelledby="sp-reach">
      <div>
        <h2 id="sp-reach">Copies of the space</h2>
        <p className="small">Stores keep it sealed and cannot read it.</p>
      </div>
      <div className="stack-tight">
        <p>{syncSentence(sync, now)}</p>
        <ul className="keepers small">
          {peers.map((peer) => (
            <li key={peer.peer}>
              <bdi className="strong">{peer.name === '' ? `…${peer.peer.slice(-6)}` : peer.name}</bdi>,{' '}
              {peer.kind === 'store' ? 'a store' : 'a device'}:{' '}
              {peer.current ? 'has all of it' : 'not all of it yet'}
              {peer.connected
                ? ', connected now'
                : peer.answeredAt !== undefined && (
                    <>
                      , last answered <Ago at={peer.answeredAt} />
                    </>
                  )}
              {peer.error !== undefined && (
                <span className="problem block">{wordsFor(peer.error).title}</span>
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}
