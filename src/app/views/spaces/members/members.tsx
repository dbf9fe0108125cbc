import { useState } from 'react'
import type { SpacePerson, SpaceRole } from '../../../../cairn/api.ts'
import { ErrorNote } from '../../../components/error-note.tsx'
import { plural } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { useRequests } from '../../../spaces/reads.ts'
import { ShowMore, useSteps } from '../../../spaces/use-steps.tsx'
import '../../../styles/spaces-members.css'
import { DeviceLinkDialog } from './device-link.tsx'
import { LeaveDialog } from './leave.tsx'
import { PersonRow } from './person-row.tsx'
import { Profile } from './profile.tsx'
import { RequestRow } from './request-row.tsx'
import { Successor } from './successor.tsx'

/** Rows before the rest is asked for: a link that got about may bring hundreds of requests. */
const STEP = 50

/** Who is in, what each may do, and who asks to come in. */
export function Members() {
  const { space, detail, isAdmin } = useHere()
  const { value: requests, error } = useRequests(space)
  const [asking, setAsking] = useState<'device' | 'leave'>()
  const close = () => setAsking(undefined)
  const isMember = detail.state === 'member'
  const sorted = useOrder(detail.persons)
  const people = useSteps(sorted, STEP)
  const asks = useSteps(requests ?? [], STEP)
  return (
    <div className="columns">
      <div className="stack">
        {isAdmin && error !== undefined && <ErrorNote error={error} />}
        {isAdmin && requests !== undefined && requests.length > 0 && (
          <section className="card" aria-labelledby="mem-requests">
            <div className="part-head">
              <h2 id="mem-requests">{plural(requests.length, 'request')} to join</h2>
              <p className="small">They see nothing of this space until you let them in.</p>
            </div>
            <ul className="rows">
              {asks.shown.map((request) => (
                <RequestRow key={request.id} request={request} />
              ))}
            </ul>
            <ShowMore steps={asks} label="Show more requests" />
          </section>
        )}
        <section className="card" aria-labelledby="mem-people">
          <div className="part-head">
            <h2 id="mem-people">{plural(sorted.length, 'person', 'people')}</h2>
          </div>
          <ul className="rows">
            {people.shown.map((person) => (
              <PersonRow key={person.person} person={person} />
            ))}
          </ul>
          <ShowMore steps={people} label="Show more people" />
        </section>
      </div>
      <div className="aside">
        {isMember && <Profile />}
        {isMember && (
          <section className="card stack-tight" aria-labelledby="mem-device">
            <h2 id="mem-device">Another device of yours</h2>
            <p className="small">It reads and writes as you. Show it a code, or send it a link.</p>
            <div className="line">
              <button type="button" className="btn slim" onClick={() => setAsking('device')}>
                Add a device
              </button>
            </div>
          </section>
        )}
        {isMember && <Successor />}
        {isMember && (
          <section className="card stack-tight" aria-labelledby="mem-leave">
            <h2 id="mem-leave">Leave</h2>
            <p className="small">What you wrote stays with the others. Nothing new reaches you.</p>
            <div className="line">
              <button type="button" className="btn slim danger" onClick={() => setAsking('leave')}>
                Leave this space
              </button>
            </div>
          </section>
        )}
      </div>
      {asking === 'device' && <DeviceLinkDialog onClose={close} />}
      {asking === 'leave' && <LeaveDialog onClose={close} />}
    </div>
  )
}

const RANK: Readonly<Record<SpaceRole, number>> = { admin: 0, writer: 1, reader: 2 }

/**
 * Oneself first, then who decides, then by name; who came since, at the end. Nobody moves while the screen is open:
 * whoever changes a role by keys would lose their place.
 */
function useOrder(persons: readonly SpacePerson[]): readonly SpacePerson[] {
  const byRank = (all: readonly SpacePerson[]) =>
    all.toSorted(
      (a, b) =>
        Number(b.isSelf) - Number(a.isSelf) || RANK[a.role] - RANK[b.role] || a.name.localeCompare(b.name),
    )
  const [first] = useState(() => new Map(byRank(persons).map(({ person }, at) => [person, at])))
  const placeOf = ({ person }: SpacePerson) => first.get(person) ?? first.size
  return byRank(persons).toSorted((a, b) => placeOf(a) - placeOf(b))
}
