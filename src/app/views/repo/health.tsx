import { useState } from 'react'
import { Ago, Id } from '../../components/bits.tsx'
import { Confirm } from '../../components/confirm.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Stones } from '../../components/stones.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatBytes, formatFull, formatNumber, plural } from '../../lib/format.ts'
import { useJobOf } from '../../lib/jobs.ts'
import { goTo } from '../../lib/navigate.ts'
import { blobsSentence, repoName, UPSTREAM_SENTENCE } from '../../lib/repo-status.ts'
import { movingHref, repoHref } from '../../lib/routes.ts'
import { SIGNATURE_SENTENCE, SIGNATURE_WORDS } from '../../lib/signature.ts'
import type { RepoTabProps } from './tab-props.ts'
import { Copies } from './copies.tsx'

/** What is proven, since when, by which key, and how the account stands upstream. */
export function Health({ repo }: RepoTabProps) {
  const { did, head } = repo
  const check = useAction()
  const job = useJobOf(did)
  return (
    <div className="columns">
      <div className="stack">
        {head !== undefined && (
          <section className="card pad stack" aria-label="Proof">
            <div className="copies">
              <Stones size={52} stones={['current']} settling={job?.kind === 'verify'} />
              <div>
                <h2>
                  {head.signature === 'unchecked'
                    ? 'Whole, but its author is not proven'
                    : 'Whole and proven'}
                </h2>
                <p className="small">
                  Every block matched its hash, the tree of {plural(head.records, 'record')} was walked from
                  its root, and the root is in the signed commit. {SIGNATURE_SENTENCE[head.signature]}
                </p>
              </div>
            </div>
            <dl className="kv">
              <dt>Verified</dt>
              <dd>
                <Ago at={head.verifiedAt} />
                <div className="small">{formatFull(head.verifiedAt)}</div>
              </dd>
              <dt>Signature</dt>
              <dd>{SIGNATURE_WORDS[head.signature]}</dd>
              {head.signedBy !== undefined && (
                <>
                  <dt>Key</dt>
                  <dd>
                    <Id value={head.signedBy} what="key" head={8} tail={8} />
                  </dd>
                </>
              )}
              <dt>Tree</dt>
              <dd className="num">
                {formatNumber(head.records)} of {plural(head.records, 'record')}
              </dd>
              <dt>Revision</dt>
              <dd>
                <Id value={head.rev} what="revision" />
              </dd>
              <dt>Commit</dt>
              <dd>
                <Id value={head.commit} what="CID of the commit" head={8} tail={8} />
              </dd>
              <dt>Root</dt>
              <dd>
                <Id value={head.root} what="CID of the root" head={8} tail={8} />
              </dd>
              {head.version === 2 && (
                <>
                  <dt>Format</dt>
                  <dd>version 2, from 2023 or before</dd>
                </>
              )}
            </dl>
            <div className="line check-again">
              <button
                type="button"
                className="btn"
                disabled={check.running || job !== undefined}
                onClick={() => void check.run((cairn) => cairn.library.verify(did))}
              >
                {job?.kind === 'verify' ? 'Checking' : 'Check again'}
              </button>
              <span className="small">
                Reads everything stored and proves it once more. Needs no network.
              </span>
            </div>
            {check.error !== undefined && <ErrorNote error={check.error} />}
          </section>
        )}
        {head !== undefined && <Copies repo={repo} />}
        <Removal repo={repo} />
      </div>
      <div className="aside">
        <section className="card">
          <h2>At its server</h2>
          <p className="small">{UPSTREAM_SENTENCE[repo.upstream.status]}</p>
          <p className="small">
            <a href={movingHref(did)}>Move or rescue this account</a>
          </p>
          <dl className="kv small card-gap">
            {repo.upstream.pds !== undefined && (
              <>
                <dt>Server</dt>
                <dd className="clip" title={repo.upstream.pds}>
                  {repo.upstream.pds.replace(/^https?:\/\//, '')}
                </dd>
              </>
            )}
            <dt>Asked</dt>
            <dd>{repo.upstream.checkedAt === undefined ? 'never' : <Ago at={repo.upstream.checkedAt} />}</dd>
          </dl>
        </section>
        <section className="card">
          <h2>
            <a href={repoHref(did, 'blobs')}>Blobs</a>
          </h2>
          <p className="small">{blobsSentence(repo.blobs)}</p>
        </section>
      </div>
    </div>
  )
}

function Removal({ repo }: RepoTabProps) {
  const [asking, setAsking] = useState(false)
  const removal = useAction()
  const name = repoName(repo)
  return (
    <section className="card pad stack-tight" aria-label="Remove">
      <h2>Remove from this device</h2>
      <p className="small">
        Deletes {plural(repo.snapshots, 'snapshot')} and {plural(repo.blobs.kept, 'blob')},{' '}
        {formatBytes(repo.storedBytes)}. The account itself is not touched.
      </p>
      <div className="line">
        <button type="button" className="btn danger" onClick={() => setAsking(true)}>
          Remove this repository
        </button>
      </div>
      {asking && (
        <Confirm
          title={`Remove ${name}?`}
          confirm="Remove it"
          busy={removal.running}
          error={removal.error}
          onClose={() => {
            setAsking(false)
            removal.clear()
          }}
          onConfirm={() =>
            void removal
              .run((cairn) => cairn.library.deleteRepo(repo.did))
              .then((done) => {
                if (!done) return
                setAsking(false)
                goTo('/')
              })
          }
        >
          <p>
            {plural(repo.records, 'record')}, {plural(repo.snapshots, 'snapshot')} and{' '}
            {plural(repo.blobs.kept, 'blob')} kept on this device will be gone.
          </p>
          <p className="small">
            {repo.upstream.status === 'active'
              ? 'The account is active: what it holds now can be backed up again, what it has deleted since cannot.'
              : 'The account could not be found active when last asked: this may be the only copy. Export it first if in doubt.'}
          </p>
        </Confirm>
      )}
    </section>
  )
}
