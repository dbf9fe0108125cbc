import { useState } from 'react'
import type { RepoSummary } from '../../../cairn/api.ts'
import { Ago } from '../../components/bits.tsx'
import { Stones } from '../../components/stones.tsx'
import { holders, lastAnswer, summarize } from '../../lib/copies.ts'
import { useCopies, useNetwork } from '../../lib/network.ts'
import { UPSTREAM_SENTENCE } from '../../lib/repo-status.ts'
import { repoHref } from '../../lib/routes.ts'
import { ShareDialog } from './share.tsx'

/** How many copies there are, whose, and how current: one stone for each. */
export function CopiesCard({ repo }: { readonly repo: RepoSummary }) {
  const { value: known } = useCopies(repo.did)
  const { value: status } = useNetwork()
  const [sharing, setSharing] = useState(false)
  const { head } = repo
  if (head === undefined) return null
  const copies = known ?? []
  const { stones, title } = summarize(copies)
  const answered = lastAnswer(copies)
  const alone = copies.length <= 1
  return (
    <section className="card stack-tight" aria-label="Copies">
      <div className="copies">
        <Stones size={52} stones={copies.length === 0 ? ['current'] : stones} />
        <div>
          <h2>
            <a href={repoHref(repo.did, 'health')}>
              {copies.length === 0 ? '1 copy, on this device' : title}
            </a>
          </h2>
          <p className="small">
            {alone ? (
              <>
                {repo.upstream.status === 'active'
                  ? 'Taken '
                  : `${UPSTREAM_SENTENCE[repo.upstream.status]} Taken `}
                <Ago at={head.takenAt} />.
              </>
            ) : (
              <>
                {holders(copies, status?.relays ?? [])}.
                {answered !== undefined && (
                  <>
                    {' '}
                    Last answered <Ago at={answered} />.
                  </>
                )}
              </>
            )}
          </p>
        </div>
      </div>
      <div className="line">
        <button type="button" className="btn slim" onClick={() => setSharing(true)}>
          Ask someone to keep a copy
        </button>
      </div>
      {sharing && <ShareDialog repo={repo} onClose={() => setSharing(false)} />}
    </section>
  )
}
