import { useEffect } from 'react'
import { useLocationProperty } from 'wouter/use-browser-location'
import { readKeepLink } from '../../cairn/network/keep-link.ts'
import { Empty, Id } from '../components/bits.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { Title } from '../components/screen.tsx'
import { Stones } from '../components/stones.tsx'
import { useAction, useEngine } from '../lib/engine-context.ts'
import { goOnFromHere, goTo } from '../lib/navigate.ts'
import { networkUp, siteName, useNetwork } from '../lib/network.ts'
import { useOnline } from '../lib/online.ts'
import { usePrepare } from '../lib/prepare.ts'
import { useRepo } from '../lib/reads.ts'
import { repoName } from '../lib/repo-status.ts'
import { repoHref } from '../lib/routes.ts'
import '../styles/keep.css'
import { KeepPartButton } from './parts/keep-part-button.tsx'

/** Where a link to keep a copy by leads: what it names, and a question before anything is done. */
export function KeepScreen() {
  const url = useLocationProperty(() => location.href)
  const link = readKeepLink(url)
  return link === undefined ? <Unreadable /> : <Ask key={url} url={url} did={link.did} relays={link.relays} />
}

interface AskProps {
  readonly url: string
  readonly did: string
  readonly relays: readonly string[]
}

function Ask({ url, did, relays }: AskProps) {
  const { cairn } = useEngine()
  const { value: repo } = useRepo(did)
  const { value: status } = useNetwork()
  const online = useOnline()
  const action = useAction()
  const prepare = usePrepare()
  useEffect(prepare, [prepare])
  const isOff = status?.role === 'off'
  const known = repo === null || repo === undefined ? undefined : repo
  const name = known === undefined ? undefined : repoName(known)
  const keep = async () => {
    const goOn = goOnFromHere()
    const begun = await action.run(async (engine) => {
      if (isOff) await engine.network.setSettings({ enabled: true })
      await networkUp(engine)
      await engine.network.keep(url)
    })
    // what the link named is taken over: it need not stay in the address bar, nor in the history
    if (begun) goOn(known?.head === undefined ? '/' : repoHref(did), { replace: true })
  }
  const backUp = async () => {
    const goOn = goOnFromHere()
    if (await action.run((engine) => engine.library.backup(did))) goOn('/', { replace: true })
  }
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title tab="Keep a copy">{name === undefined ? 'Keep a copy?' : `Keep a copy of ${name}?`}</Title>
          <Id value={did} what="DID" />
        </div>
      </div>
      <div className="card pad stack keep">
        <div className="copies">
          <Stones size={52} stones={['current', 'wanted']} />
          <p>
            Someone asks you to keep a copy of this repository on this device. Every record is proven before
            it is kept, it stays current by itself, and you can remove it at any time.
          </p>
        </div>
        <dl className="kv keep-facts">
          {known?.head !== undefined && (
            <>
              <dt>On this device</dt>
              <dd>kept already; it will also be looked for where the link says</dd>
            </>
          )}
          <dt>{relays.length === 1 ? 'Relay' : 'Relays'}</dt>
          <dd className="break">
            {relays.length === 0
              ? 'none named; those that you have are used'
              : `${relays.map(siteName).join(', ')}; added to yours`}
          </dd>
          <dt>What they see</dt>
          <dd>that this device keeps a copy, and how current it is</dd>
        </dl>
        {!online && (
          <p className="note behind">You are offline. It begins by itself when the network is back.</p>
        )}
        {isOff && (
          <p className="note behind">
            The network is turned off on this device. Keeping a copy for someone turns it on; backing up from
            the account’s own server does not.
          </p>
        )}
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button
            type="button"
            className="btn go"
            disabled={cairn === undefined || action.running}
            onClick={() => void keep()}
          >
            {action.running ? 'Starting' : isOff ? 'Turn it on and keep a copy' : 'Keep a copy'}
          </button>
          {known?.head === undefined && (
            <KeepPartButton from={url} replace disabled={cairn === undefined || action.running} />
          )}
          {isOff && (
            <button type="button" className="btn" disabled={action.running} onClick={() => void backUp()}>
              Back up from its server
            </button>
          )}
          <button
            type="button"
            className="btn plain"
            disabled={action.running}
            onClick={() => goTo('/', { replace: true })}
          >
            Not now
          </button>
        </div>
      </div>
    </>
  )
}

function Unreadable() {
  return (
    <>
      <div className="head">
        <Title>Keep a copy</Title>
      </div>
      <div className="card">
        <Empty
          title="This link does not say whose copy to keep"
          action={
            <button type="button" className="btn go" onClick={() => goTo('/', { replace: true })}>
              Go to the Library
            </button>
          }
        >
          It may have been cut off on its way. Nothing was changed; ask for it once more.
        </Empty>
      </div>
    </>
  )
}
