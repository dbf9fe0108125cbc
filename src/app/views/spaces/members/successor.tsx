import { useId, useState } from 'react'
import { Confirm } from '../../../components/confirm.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { personName, useHere } from '../../../spaces/here.ts'

/** Who takes over from the owner: named by the owner, taken up by whoever was named. */
export function Successor() {
  const { space, detail } = useHere()
  const id = useId()
  const [chosen, setChosen] = useState('')
  const [said, setSaid] = useState('')
  const action = useAction()
  if (!detail.isOwner) return <TakeOver />
  const save = () =>
    void action
      .run((cairn) => cairn.spaces.setSuccessor(space, chosen === '' ? undefined : chosen))
      .then(
        (done) =>
          done && setSaid(chosen === '' ? 'Nobody takes over now.' : 'They can take over when you are gone.'),
      )
  return (
    <section className="card stack-tight" aria-labelledby={`${id}h`}>
      <h2 id={`${id}h`}>When you are gone</h2>
      <p className="small">You own this space. Name someone who may take over if you lose your devices.</p>
      <div className="line add-line">
        <label htmlFor={id} className="hidden-text">
          Successor
        </label>
        <select
          id={id}
          className="select grow"
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
        >
          <option value="">Nobody</option>
          {detail.persons
            .filter((person) => !person.isSelf && person.role !== 'reader')
            .map((person) => (
              <option key={person.person} value={person.person}>
                {personName(person)}
              </option>
            ))}
        </select>
        <button type="button" className="btn slim" disabled={action.running} onClick={save}>
          Set
        </button>
      </div>
      <p className="small" role="status">
        {said}
      </p>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </section>
  )
}

function TakeOver() {
  const { space, detail } = useHere()
  const [asking, setAsking] = useState(false)
  const action = useAction()
  if (detail.role !== 'admin' && detail.role !== 'writer') return null
  return (
    <section className="card stack-tight" aria-labelledby="mem-succeed">
      <h2 id="mem-succeed">When the owner is gone</h2>
      <p className="small">If the owner named you as successor, you can take over.</p>
      <div className="line">
        <button type="button" className="btn slim" onClick={() => setAsking(true)}>
          Take over
        </button>
      </div>
      {asking && (
        <Confirm
          title={`Take over ${detail.title}?`}
          confirm="Take over"
          cancel="Not now"
          busy={action.running}
          error={action.error}
          onClose={() => setAsking(false)}
          onConfirm={() =>
            void action.run((cairn) => cairn.spaces.succeed(space)).then((done) => done && setAsking(false))
          }
        >
          <p>
            From then on you make and lower admins, and the former owner no longer does. It counts only if you
            were named; everyone sees it, and it cannot be taken back by you alone.
          </p>
        </Confirm>
      )}
    </section>
  )
}
