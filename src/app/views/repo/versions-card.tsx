import type { RecordVersion } from '../../../cairn/api.ts'
import { Id } from '../../components/bits.tsx'
import { formatDayTime } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { aboutRepo } from '../../lib/reads.ts'
import { recordHref } from '../../lib/routes.ts'

interface VersionsProps {
  readonly did: string
  readonly path: string
  /** CID of the one on screen */
  readonly shown: string | undefined
}

/** What a path held in each snapshot, newest first. */
export function VersionsCard({ did, path, shown }: VersionsProps) {
  const { value: versions, error } = useLive(
    `versions ${did} ${path}`,
    (cairn) => cairn.library.versions(did, path),
    aboutRepo(did),
  )
  return (
    <section className="card">
      <h2>Versions</h2>
      {versions === undefined && error === undefined ? (
        <p className="small">Looking through the snapshots.</p>
      ) : versions === undefined || versions.length === 0 ? (
        <p className="small">No snapshot kept here holds it.</p>
      ) : versions.length === 1 && shown !== undefined ? (
        <p className="small">The same in every snapshot kept here.</p>
      ) : (
        <ol className="versions small">
          {versions.toReversed().map((version) => (
            <li key={version.firstSnapshot.id}>
              <Version
                did={did}
                path={path}
                version={version}
                current={version.cid !== undefined && version.cid === shown}
              />
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function Version({
  did,
  path,
  version,
  current,
}: {
  did: string
  path: string
  version: RecordVersion
  current: boolean
}) {
  const when = formatDayTime(version.lastSnapshot.takenAt)
  if (version.cid === undefined)
    return (
      <span>
        {version.inHead ? `Deleted by ${formatDayTime(version.firstSnapshot.takenAt)}` : `Not there, ${when}`}
      </span>
    )
  return (
    <>
      <div className="line">
        {current ? (
          <span className="strong">{when}</span>
        ) : (
          <a href={recordHref(did, path, version.lastSnapshot.id)}>{when}</a>
        )}
        {version.inHead && <span className="pill quiet">newest</span>}
        {current && <span className="hidden-text">shown</span>}
      </div>
      <Id value={version.cid} what="CID of this version" />
    </>
  )
}
