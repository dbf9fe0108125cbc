import type { LiveServer } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { Countdown } from '../../components/countdown.tsx'
import { plural } from '../../lib/format.ts'
import { siteName } from '../../lib/network.ts'
import { TONE_CLASS, type Tone } from '../../lib/repo-status.ts'

const PILLS: Readonly<Record<LiveServer['state'], readonly [tone: Tone, words: string]>> = {
  live: ['good', 'live'],
  connecting: ['quiet', 'connecting'],
  waiting: ['behind', 'out of reach'],
  busy: ['quiet', 'asked now and then'],
}

/** The servers of kept accounts, and whether what is written there arrives by itself. */
export function LiveServers({ servers }: { readonly servers: readonly LiveServer[] }) {
  return (
    <section className="card" aria-labelledby="net-live">
      <div className="part-head">
        <div>
          <h2 id="net-live">Accounts’ servers</h2>
          <p className="small">What is written there is in your copy within seconds, while it is live.</p>
        </div>
      </div>
      <ul className="rows">
        {servers.map((server) => (
          <LiveRow key={server.service} server={server} />
        ))}
      </ul>
    </section>
  )
}

function LiveRow({ server }: { readonly server: LiveServer }) {
  const { service, repos, state, heardAt, nextTryAt } = server
  const [tone, words] = PILLS[state]
  return (
    <li className="part-row">
      <div className="stack-tight part-words">
        <div className="line">
          <bdi className="strong">{siteName(service)}</bdi>
          <span className={TONE_CLASS[tone]}>{words}</span>
        </div>
        <p className="small">
          {plural(repos, 'repository', 'repositories')}
          {heardAt !== undefined && (
            <>
              , last heard of <Ago at={heardAt} />
            </>
          )}
          {state === 'waiting' && nextTryAt !== undefined && (
            <>
              , next try <Countdown at={nextTryAt} />
            </>
          )}
        </p>
        {state === 'busy' && (
          <p className="small">
            It serves so many people that listening would cost too much. It is asked every ten minutes
            instead.
          </p>
        )}
      </div>
    </li>
  )
}
