import { useState } from 'react'
import type { GroupCopy } from '../../../cairn/api.ts'
import { Ago, Empty, Id, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Stones } from '../../components/stones.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { useRepos } from '../../lib/reads.ts'
import { repoName } from '../../lib/repo-status.ts'
import { repoHref } from '../../lib/routes.ts'
import { copyStones, copyTitle, groupSentence } from '../../spaces/group-copies.ts'
import { useHere } from '../../spaces/here.ts'
import { useGroupCopies } from '../../spaces/reads.ts'
import '../../styles/spaces-members.css'

/** Members keep copies of each other's repositories: who keeps what, and how current it is. */
export function Backup() {
  const { space, detail, canWrite } = useHere()
  const { value: copies, error } = useGroupCopies(space)
  if (error !== undefined && copies === undefined) return <ErrorNote error={error} />
  if (copies === undefined) return <Loading label="Reading the backups" />
  return (
    <div className="stack">
      {copies.length > 0 && <p>{groupSentence(copies)}</p>}
      {!detail.backup && (
        <p className="note">
          The group does not keep its members’ repositories. An admin can turn it on under Settings.
        </p>
      )}
      {copies.length === 0 ? (
        <div className="card">
          <Empty title="Keep each other’s repositories">
            {canWrite
              ? 'Offer one of yours below; whoever wants keeps a copy, and all of you see how current it is.'
              : 'What members offer is shown here.'}
          </Empty>
        </div>
      ) : (
        <ul className="card rows" aria-label="Repositories of the group">
          {copies.map((copy) => (
            <CopyRow key={copy.did} copy={copy} />
          ))}
        </ul>
      )}
      {canWrite && <Offer copies={copies} />}
    </div>
  )
}

function CopyRow({ copy }: { readonly copy: GroupCopy }) {
  const { space, detail, nameOf } = useHere()
  const action = useAction()
  const { did, handle, person, kept, keptHere } = copy
  const isMine = person === detail.person
  const name = handle === undefined ? did : `@${handle}`
  return (
    <li className="part-row with-end copy-row">
      <Stones size={44} stones={copyStones(copy)} />
      <div className="stack-tight part-words">
        <div className="line tight">
          {keptHere ? (
            <a className="part-name clip" href={repoHref(did)}>
              <bdi>{name}</bdi>
            </a>
          ) : (
            <bdi className="strong clip">{name}</bdi>
          )}
          <span className="small">of {isMine ? 'you' : <bdi>{nameOf(person)}</bdi>}</span>
        </div>
        <p className="small strong">{copyTitle(copy)}</p>
        <ul className="keepers small">
          {kept.map((each) => (
            <li key={each.person}>
              <bdi>{each.person === detail.person ? 'You' : nameOf(each.person)}</bdi>:{' '}
              {each.current ? 'current' : 'behind'}
              {each.answeredAt !== undefined && (
                <>
                  , last answered <Ago at={each.answeredAt} />
                </>
              )}
            </li>
          ))}
        </ul>
        <Id value={did} what="DID" head={5} tail={5} />
        {action.error !== undefined && <ErrorNote error={action.error} />}
      </div>
      {!isMine && (
        <button
          type="button"
          className={keptHere ? 'btn slim' : 'btn slim go'}
          disabled={action.running}
          onClick={() => void action.run((cairn) => cairn.spaces.keepCopy(space, did, !keptHere))}
        >
          {keptHere ? 'Stop keeping it' : 'Keep a copy'}
          <span className="hidden-text"> of {name}</span>
        </button>
      )}
    </li>
  )
}

/** Which of one's own repositories the group may keep. */
function Offer({ copies }: { readonly copies: readonly GroupCopy[] }) {
  const { space, detail } = useHere()
  const { value: repos } = useRepos()
  const action = useAction()
  const [said, setSaid] = useState('')
  const offered = new Set(copies.filter(({ person }) => person === detail.person).map(({ did }) => did))
  const kept = (repos ?? []).filter(({ head }) => head !== undefined)
  return (
    <section className="card pad stack-tight" aria-labelledby="offer-own">
      <h2 id="offer-own">Offer your own</h2>
      <p className="small">
        Those that you tick can be kept by every member. Repositories are public: the group sees nothing that
        others could not.
      </p>
      {kept.length === 0 && (
        <p className="small">
          None is kept on this device. <a href="/">Back one up in the Library</a> first.
        </p>
      )}
      {kept.map((repo) => (
        <label key={repo.did} className="check">
          <input
            type="checkbox"
            checked={offered.has(repo.did)}
            disabled={action.running}
            onChange={(event) => {
              const on = event.target.checked
              void action
                .run((cairn) => cairn.spaces.offerRepo(space, repo.did, on))
                .then(
                  (done) =>
                    done &&
                    setSaid(on ? `${repoName(repo)} is offered.` : `${repoName(repo)} is offered no longer.`),
                )
            }}
          />
          <bdi>{repoName(repo)}</bdi>
        </label>
      ))}
      <p className="small" role="status">
        {said}
      </p>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </section>
  )
}
