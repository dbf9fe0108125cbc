import { useId, useState, type FormEvent } from 'react'
import type { Cairn, NetworkStatus } from '../../../cairn/api.ts'
import { isDid } from '../../../core/syntax.ts'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { useLive } from '../../lib/live.ts'
import { peerLabel } from '../../lib/network.ts'
import { useRepos } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'

/** Repos whose copies are looked through for devices that are not connected now. */
const LOOKED_THROUGH = 50
const OTHER = 'other'

interface Known {
  readonly peer: string
  readonly name: string | undefined
}

interface OfferDialogProps {
  readonly status: NetworkStatus
  readonly onClose: () => void
}

/** Offers to keep a copy for each other: with whom, which of ours, and which of theirs. */
export function OfferDialog({ status, onClose }: OfferDialogProps) {
  const { value: known } = useLive(
    'known peers',
    (cairn) => knownPeers(cairn),
    (event) => event.type === 'network',
  )
  const { value: repos } = useRepos()
  const kept = (repos ?? []).filter((repo) => repo.head !== undefined)
  const [form, setForm] = useState({ peer: '', ours: '', theirs: '', did: '' })
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const id = useId()
  // What stands there first stays chosen, whoever comes and goes meanwhile.
  const { peer, ours } = form
  const [first, own] = [known?.[0]?.peer ?? '', kept[0]?.did ?? '']
  if ((peer === '' && first !== '') || (ours === '' && own !== ''))
    setForm({ ...form, peer: peer === '' ? first : peer, ours: ours === '' ? own : ours })
  const theirs = form.theirs === OTHER ? form.did.trim() : form.theirs
  const problem =
    form.theirs === OTHER && !isDid(theirs)
      ? 'That is not a DID. One looks like did:plc:abc123 and can be copied from a repository.'
      : theirs !== '' && theirs === ours
        ? 'That is the one that they keep for you. Choose another.'
        : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (problem !== undefined) {
      document.getElementById(form.theirs === OTHER ? `${id}d` : `${id}t`)?.focus()
      return
    }
    void action
      .run((cairn) => cairn.network.offer({ peer, ours, ...(theirs === '' ? {} : { theirs }) }))
      .then((done) => done && onClose())
  }
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change })
  return (
    <Dialog title="Keep copies for each other" onClose={onClose}>
      {known !== undefined && (known.length === 0 || kept.length === 0) ? (
        <div className="stack">
          <p>
            {kept.length === 0
              ? 'Back up a repository first; then others can be asked to keep a copy of it.'
              : 'No other device is known yet. Ask someone to keep a copy of one of your repositories by a link; when they do, an agreement can be offered.'}
          </p>
          <div className="line">
            <button type="button" className="btn" onClick={closeDialog}>
              Close
            </button>
          </div>
        </div>
      ) : (
        <form onSubmit={submit} noValidate>
          <div className="field">
            <label htmlFor={`${id}p`}>With</label>
            <select
              id={`${id}p`}
              className="select"
              value={peer}
              onChange={(event) => set({ peer: event.target.value })}
            >
              {known?.map((each) => (
                <option key={each.peer} value={each.peer}>
                  {peerLabel(each.peer, each.name, status.relays)}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}o`}>They keep for you</label>
            <select
              id={`${id}o`}
              className="select"
              value={ours}
              onChange={(event) => set({ ours: event.target.value })}
            >
              {kept.map((repo) => (
                <option key={repo.did} value={repo.did}>
                  {repoName(repo)}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}t`}>You keep for them</label>
            <select
              id={`${id}t`}
              className="select"
              value={form.theirs}
              onChange={(event) => set({ theirs: event.target.value })}
              aria-invalid={checked && problem !== undefined && form.theirs !== OTHER}
              aria-describedby={`${id}h`}
            >
              <option value="">Nothing for now</option>
              {kept.map((repo) => (
                <option key={repo.did} value={repo.did}>
                  {repoName(repo)}
                </option>
              ))}
              <option value={OTHER}>Another, by its DID</option>
            </select>
            {form.theirs === OTHER && (
              <input
                id={`${id}d`}
                className="input mono"
                aria-label="DID that you keep for them"
                placeholder="did:plc:…"
                value={form.did}
                onChange={(event) => set({ did: event.target.value })}
                aria-invalid={checked && problem !== undefined}
                aria-describedby={`${id}h`}
                autoCapitalize="none"
                autoComplete="off"
                spellCheck={false}
                maxLength={2_048}
                dir="ltr"
              />
            )}
            <span id={`${id}h`} className={checked && problem !== undefined ? 'problem' : 'small'}>
              {checked && problem !== undefined
                ? problem
                : 'They see the offer when both of you are online, and nothing holds before they accept.'}
            </span>
          </div>
          {action.error !== undefined && <ErrorNote error={action.error} />}
          <div className="line">
            <button type="button" className="btn" onClick={closeDialog}>
              Cancel
            </button>
            <button type="submit" className="btn go" disabled={action.running || peer === '' || ours === ''}>
              Offer it
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}

/** Devices that are connected, or that keep a copy of something kept here. */
async function knownPeers(cairn: Cairn): Promise<readonly Known[]> {
  const { peers } = await cairn.network.status()
  const known = new Map<string, Known>(peers.map(({ peer, name }) => [peer, { peer, name }]))
  const repos = await cairn.library.list()
  const copies = await Promise.all(repos.slice(0, LOOKED_THROUGH).map(({ did }) => cairn.network.copies(did)))
  for (const { peer, name, kind } of copies.flat())
    if (kind === 'device' && !known.has(peer)) known.set(peer, { peer, name })
  return [...known.values()]
}
