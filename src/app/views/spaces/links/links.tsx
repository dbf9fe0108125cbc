import { useState } from 'react'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useHere } from '../../../spaces/here.ts'
import { useLinks } from '../../../spaces/reads.ts'
import '../../../styles/spaces-members.css'
import { LinkRow } from './link-row.tsx'
import { MakeLinkDialog } from './make-link.tsx'

/** Every way in that was made, who came by it, and how to close it. */
export function Links() {
  const { space, isAdmin } = useHere()
  const { value: links, error } = useLinks(space)
  const [making, setMaking] = useState(false)
  const live = (links ?? []).filter(({ state }) => state === 'live')
  const over = (links ?? []).filter(({ state }) => state !== 'live')
  const button = isAdmin && (
    <button type="button" className="btn go" onClick={() => setMaking(true)}>
      Make a link
    </button>
  )
  return (
    <div className="stack">
      {links !== undefined && links.length > 0 && <div className="line">{button}</div>}
      {error !== undefined && links === undefined && <ErrorNote error={error} />}
      {links === undefined && error === undefined && <Loading label="Reading the links" />}
      {links?.length === 0 && (
        <div className="card">
          <Empty title="No way in yet" action={button}>
            Make a link and send it, or show its code. It ends when you say, and can be revoked at any time.
          </Empty>
        </div>
      )}
      {live.length > 0 && (
        <ul className="card rows" aria-label="Links that are live">
          {live.map((link) => (
            <LinkRow key={link.link} link={link} />
          ))}
        </ul>
      )}
      {live.length === 0 && over.length > 0 && (
        <p className="small">No link is live: nobody can come in by one.</p>
      )}
      {over.length > 0 && (
        <details className="card ended">
          <summary className="small">Over ({over.length})</summary>
          <ul className="rows">
            {over.map((link) => (
              <LinkRow key={link.link} link={link} />
            ))}
          </ul>
        </details>
      )}
      {making && <MakeLinkDialog onClose={() => setMaking(false)} />}
    </div>
  )
}
