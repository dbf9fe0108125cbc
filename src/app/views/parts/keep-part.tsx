import { useId, useState, type FormEvent } from 'react'
import { isNsid } from '../../../core/syntax.ts'
import { closeDialog, Dialog } from '../../components/dialog.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { COMMON_COLLECTIONS, collectionName } from '../../lib/collections.ts'
import { useAction } from '../../lib/engine-context.ts'
import { goOnFromHere } from '../../lib/navigate.ts'
import { networkUp, useNetwork } from '../../lib/network.ts'
import { collectionHref } from '../../lib/routes.ts'

const OTHER = 'other'

interface KeepPartProps {
  /** a DID or a link; asked for when there is none yet */
  readonly from?: string | undefined
  /** chosen beforehand */
  readonly collection?: string | undefined
  /** the address that it was opened at goes: it held a link */
  readonly replace?: boolean
  readonly onClose: () => void
}

interface Problems {
  readonly who?: string
  readonly collection?: string
}

/** Asks which collection of a repo to keep without the rest, and starts keeping it. */
export function KeepPart({ from, collection: wished, replace = false, onClose }: KeepPartProps) {
  const isListed = wished === undefined || COMMON_COLLECTIONS.includes(wished)
  const [form, setForm] = useState({
    who: '',
    choice: isListed ? (wished ?? COMMON_COLLECTIONS[0] ?? OTHER) : OTHER,
    nsid: isListed ? '' : (wished ?? ''),
  })
  const [problems, setProblems] = useState<Problems>({})
  const { value: status } = useNetwork()
  const isOff = status?.role === 'off'
  const action = useAction()
  const id = useId()
  const set = (change: Partial<typeof form>) => {
    setForm({ ...form, ...change })
    setProblems({})
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (action.running) return
    const input = from ?? form.who.trim()
    const collection = form.choice === OTHER ? form.nsid.trim() : form.choice
    const found: Problems = {
      ...(input === '' ? { who: 'Say whose: a handle, a DID, or a link to keep a copy by.' } : {}),
      ...(isNsid(collection)
        ? {}
        : { collection: 'That is not the name of a collection. One looks like app.bsky.feed.post' }),
    }
    setProblems(found)
    const wrong = found.who !== undefined ? 'w' : found.collection !== undefined ? 'n' : undefined
    if (wrong !== undefined) {
      document.getElementById(id + wrong)?.focus()
      return
    }
    let did = ''
    const goOn = goOnFromHere()
    const begun = await action.run(async (cairn) => {
      if (isOff) await cairn.network.setSettings({ enabled: true })
      await networkUp(cairn)
      did = (await cairn.network.keepCollection(input, collection)).did
    })
    if (!begun) return
    onClose()
    goOn(collectionHref(did, collection), { replace })
  }
  return (
    <Dialog title="Keep only a part" describedBy={`${id}d`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p id={`${id}d`}>
          One collection, without the rest: proven, readable offline and kept current, but no backup. It comes
          from devices and stores that keep a copy, not from the account’s own server.
        </p>
        {from === undefined && (
          <div className="field">
            <label htmlFor={`${id}w`}>Whose</label>
            <input
              id={`${id}w`}
              className="input"
              placeholder="Handle, DID or link"
              value={form.who}
              onChange={(event) => set({ who: event.target.value })}
              aria-invalid={problems.who !== undefined}
              aria-describedby={problems.who === undefined ? undefined : `${id}wp`}
              autoCapitalize="none"
              autoComplete="off"
              autoCorrect="off"
              spellCheck={false}
              maxLength={4_096}
              dir="ltr"
            />
            {problems.who !== undefined && (
              <span id={`${id}wp`} className="problem" role="alert">
                {problems.who}
              </span>
            )}
          </div>
        )}
        <div className="field">
          <label htmlFor={`${id}c`}>Collection</label>
          <select
            id={`${id}c`}
            className="select"
            value={form.choice}
            onChange={(event) => set({ choice: event.target.value })}
          >
            {COMMON_COLLECTIONS.map((nsid) => (
              <option key={nsid} value={nsid}>
                {collectionName(nsid)}
              </option>
            ))}
            <option value={OTHER}>Another, by its name</option>
          </select>
          {form.choice === OTHER ? (
            <>
              <input
                id={`${id}n`}
                className="input mono"
                aria-label="Name of the collection"
                placeholder="app.bsky.feed.post"
                value={form.nsid}
                onChange={(event) => set({ nsid: event.target.value })}
                aria-invalid={problems.collection !== undefined}
                aria-describedby={`${id}np`}
                autoCapitalize="none"
                autoComplete="off"
                autoCorrect="off"
                spellCheck={false}
                maxLength={317}
                dir="ltr"
              />
              <span
                id={`${id}np`}
                className={problems.collection === undefined ? 'small' : 'problem'}
                aria-live="polite"
              >
                {problems.collection ?? 'Named like a domain turned round.'}
              </span>
            </>
          ) : (
            <span className="small mono break">{form.choice}</span>
          )}
        </div>
        {isOff && (
          <p className="note behind">
            The network is turned off on this device. Keeping a part of a repository turns it on.
          </p>
        )}
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="btn go" disabled={action.running}>
            {action.running ? 'Starting' : isOff ? 'Turn it on and keep this part' : 'Keep this part'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
