import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { useMove } from '../../lib/moving.ts'
import { useRepo } from '../../lib/reads.ts'
import { repoHref } from '../../lib/routes.ts'
import '../../styles/moving.css'
import '../../styles/settings.css'
import { MoveCard } from './move-card.tsx'
import { PrivateCard } from './private-card.tsx'
import { RecoveryKeyCard } from './recovery-key-card.tsx'
import { StartCard } from './start-card.tsx'

/** Getting an account ready for the day its server is gone, and taking it to another. */
export function MovingScreen({ did }: { readonly did: string }) {
  const { value: move, error, loading } = useMove(did)
  const { value: repo } = useRepo(did)
  const handle = repo?.handle
  const name = handle === undefined ? did : `@${handle}`
  return (
    <>
      <div className="head">
        <div className="grow">
          <Title tab={`Move ${name}`}>{`Move ${name}`}</Title>
          <p className="small">
            Your account is yours, whoever runs its server. <a href={repoHref(did)}>Its copy here</a>
          </p>
        </div>
      </div>
      {error !== undefined && move === undefined && <ErrorNote error={error} />}
      {loading && move === undefined && <Loading />}
      {move !== undefined && (
        <div className="settings move-form">
          {move !== null && <MoveCard move={move} />}
          {(move === null || move.endedAt !== undefined) && (
            <>
              <RecoveryKeyCard did={did} />
              <PrivateCard did={did} />
              <StartCard did={did} repo={repo ?? undefined} />
            </>
          )}
        </div>
      )}
    </>
  )
}
