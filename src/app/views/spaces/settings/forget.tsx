import { useState } from 'react'
import type { SpaceSummary } from '../../../../cairn/api.ts'
import { Confirm } from '../../../components/confirm.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { formatBytes } from '../../../lib/format.ts'
import { goTo } from '../../../lib/navigate.ts'

interface ForgetDialogProps {
  readonly space: SpaceSummary
  readonly onClose: () => void
}

/** Deletes a space from this device alone. */
export function ForgetDialog({ space, onClose }: ForgetDialogProps) {
  const action = useAction()
  const [known] = useState(space)
  const { unsent } = known.sync
  return (
    <Confirm
      title={`Forget ${known.title} on this device?`}
      confirm="Forget it"
      busy={action.running}
      error={action.error}
      {...(known.state === 'member' ? { typed: 'forget it' } : {})}
      onClose={onClose}
      onConfirm={() =>
        void action
          .run((cairn) => cairn.spaces.forget(known.space))
          .then((done) => {
            if (!done) return
            onClose()
            goTo('/spaces', { replace: true })
          })
      }
    >
      <p>
        Its keys, posts, notes, tasks and files on this device
        {known.fault === undefined && `, ${formatBytes(known.storedBytes)},`} are deleted. The others keep
        theirs, and you stay a member as far as they know.
      </p>
      {unsent > 0 && (
        <p className="strong">
          {unsent === 1 ? 'One change' : `${unsent} changes`} of yours have reached nobody yet and will be
          lost.
        </p>
      )}
      {known.state === 'member' && (
        <p>To come back you need another device of yours, your recovery words, or a new link.</p>
      )}
    </Confirm>
  )
}
