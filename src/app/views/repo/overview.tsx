import type { SnapshotSummary } from '../../../cairn/api.ts'
import { Ago, Id } from '../../components/bits.tsx'
import { formatBytes, formatNumber, plural } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { aboutRepo, useSnapshots } from '../../lib/reads.ts'
import { repoHref } from '../../lib/routes.ts'
import { SIGNATURE_WORDS } from '../../lib/signature.ts'
import { WriteAs } from '../account/write-as.tsx'
import type { RepoTabProps } from './tab-props.ts'
import { Collections } from './collections.tsx'
import { CopiesCard } from './copies-card.tsx'

/** What is kept, how it stands, and what changed. */
export function Overview({ repo }: RepoTabProps) {
  const { value: snapshots } = useSnapshots(repo)
  const { head } = repo
  if (head === undefined) return null
  return (
    <div className="columns">
      <div className="stack">
        <dl className="card stats">
          <Stat value={formatNumber(repo.records)} label={repo.records === 1 ? 'record' : 'records'} />
          <Stat
            value={formatNumber(repo.blobs.kept)}
            label={blobLabel(repo.blobs.kept, repo.blobs.referenced)}
          />
          <Stat value={formatBytes(repo.storedBytes)} label="on this device" />
          <Stat
            value={formatNumber(repo.snapshots)}
            label={repo.snapshots === 1 ? 'snapshot' : 'snapshots'}
          />
        </dl>
        <Collections repo={repo} />
      </div>
      <div className="aside">
        <CopiesCard repo={repo} />
        <section className="card">
          <h2>
            <a href={repoHref(repo.did, 'health')}>Health</a>
          </h2>
          <dl className="kv small">
            <dt>Signature</dt>
            <dd>{SIGNATURE_WORDS[head.signature]}</dd>
            <dt>Tree</dt>
            <dd className="num">{plural(head.records, 'record')}, whole</dd>
            <dt>Revision</dt>
            <dd>
              <Id value={head.rev} what="revision" head={4} tail={4} />
            </dd>
            <dt>Verified</dt>
            <dd>
              <Ago at={head.verifiedAt} />
            </dd>
            {repo.blobs.missing > 0 && (
              <>
                <dt>Blobs missing</dt>
                <dd className="num">{formatNumber(repo.blobs.missing)}</dd>
              </>
            )}
          </dl>
        </section>
        {snapshots !== undefined && <SinceLast did={repo.did} snapshots={snapshots} />}
        <WriteAs did={repo.did} handle={repo.handle} />
      </div>
    </div>
  )
}

function Stat({ value, label }: { readonly value: string; readonly label: string }) {
  return (
    <div>
      <dt className="small">{label}</dt>
      <dd className="num">{value}</dd>
    </div>
  )
}

function blobLabel(kept: number, referenced: number): string {
  if (kept === referenced) return kept === 1 ? 'blob' : 'blobs'
  return `of ${formatNumber(referenced)} blobs`
}

function SinceLast({
  did,
  snapshots,
}: {
  readonly did: string
  readonly snapshots: readonly SnapshotSummary[]
}) {
  const [head, before] = snapshots
  const { value: change } = useLive(
    `since ${did} ${before?.id} ${head?.id}`,
    async (cairn) =>
      head === undefined || before === undefined
        ? null
        : cairn.library.changes(did, before.id, head.id, { offset: 0, limit: 0 }),
    aboutRepo(did),
  )
  return (
    <section className="card">
      <h2>
        <a href={repoHref(did, 'snapshots')}>Since the last backup</a>
      </h2>
      {before === undefined ? (
        <p className="small">
          This is the first one. The next backup keeps what changed, and what was deleted stays in this one.
        </p>
      ) : change === undefined || change === null ? (
        <p className="small">Comparing with the one before.</p>
      ) : (
        <p className="small">{sinceSentence(change.added, change.changed, change.deleted)}</p>
      )}
    </section>
  )
}

function sinceSentence(added: number, changed: number, deleted: number): string {
  if (added + changed + deleted === 0) return 'Nothing changed.'
  const counts = `${formatNumber(added)} added, ${formatNumber(changed)} changed, ${formatNumber(deleted)} deleted upstream.`
  if (deleted === 0) return counts
  return `${counts} ${deleted === 1 ? 'The deleted one is' : 'The deleted ones are'} still here, in the snapshot before.`
}
