import type { SpacePerson } from '../../../../cairn/api.ts'
import { Confirm } from '../../../components/confirm.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { personName, useHere } from '../../../spaces/here.ts'

interface RemovePersonDialogProps {
  readonly person: SpacePerson
  readonly onClose: () => void
}

/** Takes a member out, and says exactly what that does and what it cannot do. */
export function RemovePersonDialog({ person, onClose }: RemovePersonDialogProps) {
  const { space, detail } = useHere()
  const action = useAction()
  const name = personName(person)
  return (
    <Confirm
      title={`Remove ${name} from ${detail.title}?`}
      confirm={`Remove ${name}`}
      cancel="Keep them"
      busy={action.running}
      error={action.error}
      onClose={onClose}
      onConfirm={() =>
        void action
          .run((cairn) => cairn.spaces.removePerson(space, person.person))
          .then((done) => done && onClose())
      }
    >
      <ul className="plain-list">
        <li>What is written from now on is sealed with a new key, which they do not get.</li>
        <li>What they wrote up to now stays. Anything that they write later counts for nothing.</li>
        <li>What they have read they have read: it stays on their devices.</li>
        <li>A live link that they know would let them in again. Revoke it under Links.</li>
      </ul>
    </Confirm>
  )
}
