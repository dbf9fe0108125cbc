import { useState } from 'react'
import type { Agreement } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { useAction } from '../../lib/engine-context.ts'

interface EndAgreementProps {
  readonly agreement: Agreement
  readonly who: string
  readonly nameOf: (did: string) => string
  readonly onClose: () => void
}

/** Ends an agreement, and may ask that what was kept for it goes too. */
export function EndAgreement({ agreement, who, nameOf, onClose }: EndAgreementProps) {
  const { id, ours, theirs } = agreement
  const [purge, setPurge] = useState(false)
  const action = useAction()
  return (
    <Confirm
      title={`End the agreement with ${who}?`}
      confirm={purge ? 'End it and delete' : 'End it'}
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={() =>
        void action.run((cairn) => cairn.network.endAgreement(id, purge)).then((done) => done && onClose())
      }
    >
      <p>
        Neither side promises anything any more.{' '}
        {purge ? '' : 'The copies that exist stay where they are, and are no longer counted on.'}
      </p>
      <label className="check">
        <input type="checkbox" checked={purge} onChange={(event) => setPurge(event.target.checked)} />
        <span>
          And ask them to delete their copy{ours === undefined ? '' : ` of ${nameOf(ours)}`}
          <span className="small block">
            They are asked when they are online, and may still say no.
            {theirs !== undefined &&
              ` Your own copy of ${nameOf(theirs)} is deleted from this device too, with its snapshots and blobs.`}
          </span>
        </span>
      </label>
    </Confirm>
  )
}
