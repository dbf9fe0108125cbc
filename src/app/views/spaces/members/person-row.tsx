import { BadgeCheck } from 'lucide-react'
import { useId, useState } from 'react'
import type { SpacePerson, SpaceRole } from '../../../../cairn/api.ts'
import { Ago, Id } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { personName, useHere } from '../../../spaces/here.ts'
import { claimSentence } from '../../../spaces/own-accounts.ts'
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
  const [asked, setAsked] = useState<{ readonly role: SpaceRole; readonly of: SpacePerson }>()
  // what was asked for counts until the person is heard of anew
  const shown = asked !== undefined && (action.running || asked.of === person) ? asked.role : person.role
  const name = personName(person)
  // the authority makes and lowers admins, other admins the rest
  const mayChange =
    isAdmin && !person.isSelf && !person.isOwner && (detail.isOwner || person.role !== 'admin')
  const roles: readonly SpaceRole[] = detail.isOwner ? ['reader', 'writer', 'admin'] : ['reader', 'writer']
  const { account } = person
  const isHere = person.devices.some((device) => device.here)
  return (
    <li className="part-row person">
      <PersonAvatar person={person.person} />
      <div className="stack-tight part-words">
        <div className="line tight person-name">
          <bdi className="strong">{name}</bdi>
          {person.isSelf && <span className="pill quiet">you</span>}
          {person.isOwner && <span className="pill quiet">owner</span>}
          {isHere && !person.isSelf && <span className="pill">here now</span>}
          {account?.proven === true && account.handle !== undefined && (
            <span className="pill quiet proven" title={claimSentence(account, person.isSelf)}>
              <BadgeCheck size={14} aria-hidden="true" />
              <bdi>@{account.handle}</bdi>
              <span className="hidden-text">, proven</span>
            </span>
          )}
        </div>
        <p className="small">
          {person.via !== undefined && (
            <>
              Came by a link of <bdi>{nameOf(person.via.by)}</bdi>.{' '}
            </>
          )}
          {account !== undefined && !person.isSelf && (
            <>
              {claimSentence(account, person.isSelf)}{' '}
              {account.checkedAt !== undefined && (
                <>
                  Looked at <Ago at={account.checkedAt} />.{' '}
                </>
              )}
              <Id value={account.did} what="DID" head={5} tail={5} />
            </>
          )}
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
              value={shown}
              // not disabled while it is stored: whoever came here by keys would lose their place
              aria-busy={action.running}
              title={ROLE_MEANS[person.role]}
              onChange={(event) => {
                const next = roles.find((role) => role === event.target.value)
                if (next === undefined || action.running) return
                setAsked({ role: next, of: person })
                void action
                  .run((cairn) => cairn.spaces.setRole(space, person.person, next))
                  .then((done) => {
                    if (!done) setAsked(undefined)
                  })
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
