import { useState } from 'react'
import type { PublishedAgreement } from '../../../cairn/api.ts'
import { Confirm } from '../../components/confirm.tsx'
import { useAction } from '../../lib/engine-context.ts'

interface EndPublishedProps {
  readonly agreement: PublishedAgreement
  readonly who: string
  readonly onClose: () => void
}

/** Deletes the record, which ends it for both. */
export function EndPublished({ agreement, who, onClose }: EndPublishedProps) {
  const { ours, theirs } = agreement
  const [purge, setPurge] = useState(false)
  const action = useAction()
  return (
    <Confirm
      title={`End what you have published with ${who}?`}
      confirm={purge ? 'End it and delete' : 'End it'}
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={() =>
        void action
          .run((cairn) => cairn.network.endPublished(ours, theirs, purge))
          .then((done) => done && onClose())
      }
    >
      <p>
        Your record is deleted. Whoever reads that, {who} among them, takes it as the wish that a copy which
        is kept for it goes too. They may say no.
      </p>
      <label className="check">
        <input type="checkbox" checked={purge} onChange={(event) => setPurge(event.target.checked)} />
        <span>
          And delete the copy of {who} from this device
          <span className="small block">
            With its snapshots and blobs; only if it is kept for this alone.
          </span>
        </span>
      </label>
    </Confirm>
  )
}
