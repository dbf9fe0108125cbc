import { useState, type FormEvent } from 'react'
import type { Cairn } from '../../../cairn/api.ts'
import { readKeepLink } from '../../../cairn/network/keep-link.ts'
import { hasCode } from '../../../core/errors.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { usePrepare } from '../../lib/prepare.ts'
import { networkUp, useNetwork } from '../../lib/network.ts'
import { KeepPartButton } from '../parts/keep-part-button.tsx'

/**
 * A link names relays and peers besides the account, so it goes to the network; so does all else while that is
 * on. Where no tab leads it, a handle or DID is backed up all the same.
 */
async function keepOrBackUp(cairn: Cairn, input: string, isOn: boolean): Promise<unknown> {
  if (readKeepLink(input) !== undefined) {
    if (isOn) await networkUp(cairn)
    return cairn.network.keep(input)
  }
  if (!isOn) return cairn.library.backup(input)
  try {
    return await cairn.network.keep(input)
  } catch (error) {
    if (!hasCode(error, 'network.no-leader')) throw error
    return cairn.library.backup(input)
  }
}

/** Takes a handle, a DID or a link and keeps what it names, or a part of it. */
export function AskForm({ inputRef }: { readonly inputRef: (input: HTMLInputElement | null) => void }) {
  const action = useAction()
  const { value: status } = useNetwork()
  const isOn = status !== undefined && status.role !== 'off' && status.self !== undefined
  const prepare = usePrepare()
  const [text, setText] = useState('')
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const input = text.trim()
    if (input === '' || action.running) return
    if (await action.run((cairn) => keepOrBackUp(cairn, input, isOn))) setText('')
  }
  return (
    <>
      <form className="card ask" onSubmit={(event) => void submit(event)}>
        <input
          ref={inputRef}
          aria-label="Handle, DID or link to keep a copy of"
          placeholder="Handle, DID or link, such as ana.example.org"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onFocus={prepare}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="go"
          maxLength={4_096}
          dir="ltr"
        />
        <button type="submit" className="btn go" disabled={action.running}>
          Back up
        </button>
      </form>
      {action.error !== undefined && (
        <div className="ask-problem">
          <ErrorNote error={action.error} />
        </div>
      )}
      <div className="line ask-more">
        <KeepPartButton className="btn slim plain" />
      </div>
    </>
  )
}
