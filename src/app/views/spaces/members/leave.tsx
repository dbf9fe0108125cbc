import { Confirm } from '../../../components/confirm.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'

/** Leaves a space; what is here stays until it is forgotten. */
export function LeaveDialog({ onClose }: { readonly onClose: () => void }) {
  const { space, detail } = useHere()
  const action = useAction()
  const isAlone = detail.isOwner && detail.members > 1
  return (
    <Confirm
      title={`Leave ${detail.title}?`}
      confirm="Leave"
      cancel="Stay"
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={() =>
        void action.run((cairn) => cairn.spaces.leave(space)).then((done) => done && onClose())
      }
    >
      <p>
        All of your devices leave. What you wrote stays with the others; what is on this device stays too,
        until you forget it here. To come back you need a new link.
      </p>
      {isAlone && (
        <p className="strong">
          You are its owner. Without a successor nobody can make or lower admins afterwards: name one first.
        </p>
      )}
    </Confirm>
  )
}
