import { useId, useState } from 'react'
import type { JoinRequest, SpaceRole } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { shorten } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'

/** Someone who asks to come in. Until they are in nothing of them can be read: only their device tells who it is. */
export function RequestRow({ request }: { readonly request: JoinRequest }) {
  const { space } = useHere()
  const id = useId()
  const [role, setRole] = useState<SpaceRole>(request.role)
  const action = useAction()
  const name = request.name.trim() === '' ? 'Someone without a name' : request.name
  return (
    <li className="part-row with-end">
      <div className="stack-tight part-words">
        <bdi className="strong">{name}</bdi>
        <p className="small">
          Asked <Ago at={request.at} />. {request.name.trim() !== '' && 'The name is their own word. '}
          They see this on their screen too: <span className="mono">{shorten(request.device, 4, 6)}</span>.
        </p>
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </div>
      <div className="line">
        <label htmlFor={id} className="hidden-text">
          What {name} may do
        </label>
        <select
          id={id}
          className="select"
          value={role}
          disabled={action.running}
          onChange={(event) => setRole(event.target.value as SpaceRole)}
        >
          <option value="reader">may read</option>
          <option value="writer">may write</option>
        </select>
        <button
          type="button"
          className="btn slim go"
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.spaces.admit(space, request.id, role))}
        >
          Let in<span className="hidden-text"> {name}</span>
        </button>
        <button
          type="button"
          className="btn slim"
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.spaces.decline(space, request.id))}
        >
          Decline<span className="hidden-text"> {name}</span>
        </button>
      </div>
    </li>
  )
}
