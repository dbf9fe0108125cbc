import { useId, useState } from 'react'
import type { SpacePerson, SpaceRole } from '../../../../cairn/api.ts'
import { Id } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { personName, useHere } from '../../../spaces/here.ts'
import { ROLE_MEANS, ROLE_WORDS } from '../../../spaces/sentences.ts'
import { PersonAvatar } from '../parts/person-avatar.tsx'
import { DeviceList } from './device-list.tsx'
import { RemovePersonDialog } from './remove-person.tsx'

/** One member: name, role, how they came, their devices, and for admins what can be changed. */
export function PersonRow({ person }: { readonly person: SpacePerson }) {
  const { space, detail, isAdmin, nameOf } = useHere()
  const [removing, setRemoving] = useState(false)
  const id = useId()
  const action = useAction()
  const name = personName(person)
  // the authority makes and lowers admins, other admins the rest
  const mayChange =
    isAdmin && !person.isSelf && !person.isOwner && (detail.isOwner || person.role !== 'admin')
  const roles: readonly SpaceRole[] = detail.isOwner ? ['reader', 'writer', 'admin'] : ['reader', 'writer']
  const isHere = person.devices.some((device) => device.here)
  return (
    <li className="part-row person">
      <PersonAvatar person={person.person} />
      <div className="stack-tight part-words">
        <div className="line tight">
          <bdi className="strong">{name}</bdi>
          {person.isSelf && <span className="pill quiet">you</span>}
          {person.isOwner && <span className="pill quiet">owner</span>}
          {isHere && !person.isSelf && <span className="pill">here now</span>}
        </div>
        <p className="small">
          {person.via !== undefined && `Came by a link of ${nameOf(person.via.by)}. `}
          {person.account !== undefined &&
            (person.isSelf
              ? person.account.proven
                ? 'Your account, and its repository says so: '
                : 'Your account; its repository does not say so yet: '
              : person.account.proven
                ? 'Their account, and its repository says so: '
                : 'They say that this account is theirs, which nothing proves: ')}
          {person.account !== undefined && <Id value={person.account.did} what="DID" head={5} tail={5} />}
        </p>
        <DeviceList person={person} />
        {action.error !== undefined && !removing && <ErrorNote error={action.error} />}
      </div>
      <div className="line">
        {mayChange ? (
          <>
            <label htmlFor={id} className="hidden-text">
              What {name} may do
            </label>
            <select
              id={id}
              className="select"
              value={person.role}
              disabled={action.running}
              title={ROLE_MEANS[person.role]}
              onChange={(event) => {
                const chosen = roles.find((role) => role === event.target.value)
                if (chosen === undefined) return
                void action.run((cairn) => cairn.spaces.setRole(space, person.person, chosen))
              }}
            >
              {roles.map((role) => (
                <option key={role} value={role}>
                  {ROLE_WORDS[role]}
                </option>
              ))}
            </select>
            <button type="button" className="btn slim plain danger" onClick={() => setRemoving(true)}>
              Remove<span className="hidden-text"> {name}</span>
            </button>
          </>
        ) : (
          <span className="pill quiet" title={ROLE_MEANS[person.role]}>
            {ROLE_WORDS[person.role]}
          </span>
        )}
      </div>
      {removing && <RemovePersonDialog person={person} onClose={() => setRemoving(false)} />}
    </li>
  )
}
