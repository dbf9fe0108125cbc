import { Check, Copy } from 'lucide-react'
import { useId, useState } from 'react'
import type { KeepLink, RepoSummary } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { QrCode } from '../../components/qr-code.tsx'
import { isLocalHost } from '../../lib/endpoint-check.ts'
import { useLive } from '../../lib/live.ts'
import { networkUp, useListed, useNetwork } from '../../lib/network.ts'
import { repoName } from '../../lib/repo-status.ts'
import '../../styles/share.css'

interface ShareDialogProps {
  readonly repo: RepoSummary
  readonly onClose: () => void
}

/** A link by which someone else keeps a copy of a repo, to be sent or scanned. */
export function ShareDialog({ repo, onClose }: ShareDialogProps) {
  const { value: status } = useNetwork()
  const isOff = status?.role === 'off'
  const name = repoName(repo)
  return (
    <Dialog title="Ask someone to keep a copy" onClose={onClose}>
      <div className="stack share">
        {isOff ? (
          <div className="note behind">
            <p className="strong">The network is turned off on this device.</p>
            <p>
              Nobody could fetch a copy from here. <a href="/network">Turn it on under Network</a>, then share
              again.
            </p>
          </div>
        ) : (
          <>
            <p>
              Whoever opens this link in Cairn can keep a copy of <bdi className="strong">{name}</bdi>, proven
              and kept current by itself.
            </p>
            <LinkPart did={repo.did} name={name} />
          </>
        )}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}

function LinkPart({ did, name }: { readonly did: string; readonly name: string }) {
  const { value: listed } = useListed(did)
  const {
    value: link,
    error,
    reload,
  } = useLive(
    `keep link ${did}`,
    async (cairn) => {
      await networkUp(cairn)
      return cairn.network.keepLink(did)
    },
    (event) => event.type === 'network',
  )
  if (link === undefined) {
    if (error === undefined) return <Loading label="Making the link" />
    return (
      <ErrorNote error={error}>
        <button type="button" className="btn slim" onClick={reload}>
          Try again
        </button>
      </ErrorNote>
    )
  }
  return (
    <>
      <Warning link={link} />
      <LinkField url={link.url} />
      <QrCode text={link.url} label={`QR code of the link to keep a copy of ${name}`} />
      <p className="small">
        {listed === false
          ? 'Your copy is unlisted: they can take it from you only once you have an agreement with them.'
          : 'They need no account. Both of you see how current the copy is.'}
      </p>
    </>
  )
}

/** Said before a link is sent that will not open. */
function Warning({ link }: { readonly link: KeepLink }) {
  if (link.relays.length > 0) return null
  const host = URL.parse(link.url)?.hostname ?? ''
  return (
    <div className="note behind" role="alert">
      <p className="strong">
        {isLocalHost(host)
          ? 'This link opens on this machine and network only.'
          : 'No relay that others can reach is in this link.'}
      </p>
      <p>
        Your copy here is safe. For others to open the link, the relay needs a public URL: whoever runs it
        starts it with <span className="mono">--public-url https://…</span>, or a public relay is added under{' '}
        <a href="/network">Network</a>.
      </p>
    </div>
  )
}

function LinkField({ url }: { readonly url: string }) {
  const [state, setState] = useState<'copied' | 'refused'>()
  const id = useId()
  const copy = () => {
    navigator.clipboard.writeText(url).then(
      () => setState('copied'),
      () => {
        // without permission it is selected, to be copied by hand
        const field = document.getElementById(id)
        if (field instanceof HTMLInputElement) field.select()
        setState('refused')
      },
    )
  }
  return (
    <div className="field">
      <label htmlFor={id}>Link</label>
      <div className="line add-line">
        <input
          id={id}
          className="input mono"
          value={url}
          readOnly
          onFocus={(event) => event.target.select()}
          dir="ltr"
        />
        <button type="button" className="btn go" onClick={copy}>
          {state === 'copied' ? <Check size={16} /> : <Copy size={16} />}
          {state === 'copied' ? 'Copied' : 'Copy'}
        </button>
      </div>
      <span className="small" role="status">
        {state === 'copied'
          ? 'The link is in the clipboard.'
          : state === 'refused'
            ? 'The browser does not let Cairn copy. The link is selected: copy it yourself.'
            : ''}
      </span>
    </div>
  )
}
