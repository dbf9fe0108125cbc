import type { Draft, RepoSummary } from '../../../cairn/api.ts'
import { Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { goOnFromHere } from '../../lib/navigate.ts'
import { repoName } from '../../lib/repo-status.ts'
import { useSearchParam } from '../../lib/use-search-param.ts'
import { useMayWrite, useQueue } from '../../lib/writing.ts'
import { SignInFor } from '../account/sign-in-for.tsx'
import { WriteAs } from '../account/write-as.tsx'
import { EditRecord } from './edit-record.tsx'
import { PROFILE_PATH, writingHref } from './hrefs.ts'
import { JsonEditor } from './json-editor.tsx'
import { PostComposer } from './post-composer.tsx'
import { Queue } from './queue.tsx'
import '../../styles/writing.css'

/** Writing in an account's name: what is begun, and what is unsent. */
export function WritingScreen({ repo }: { readonly repo: RepoSummary }) {
  const { did } = repo
  const mayWrite = useMayWrite(did)
  const { value: queue, error } = useQueue(did)
  const isWriting = mayWrite === true
  return (
    <>
      <div className="toolbar">
        <Title level={2} tab={`Writing as ${repoName(repo)}`}>
          Writing
        </Title>
        {isWriting && (
          <nav className="line push" aria-label="What to write">
            <a className="btn slim" href={writingHref(did)}>
              Post
            </a>
            <a className="btn slim" href={writingHref(did, { edit: PROFILE_PATH })}>
              Profile
            </a>
            <a className="btn slim" href={writingHref(did, { as: 'json' })}>
              Any record
            </a>
          </nav>
        )}
      </div>
      <div className="columns">
        <div className="stack">
          {isWriting && <ToWrite did={did} />}
          {error !== undefined && queue === undefined ? (
            <ErrorNote error={error} />
          ) : queue === undefined ? (
            <Loading label="Reading drafts" />
          ) : (
            (isWriting || queue.drafts.length > 0) && <Queue did={did} queue={queue} />
          )}
        </div>
        <div className="aside">
          {mayWrite === false ? (
            <WriteAs did={did} handle={repo.handle} />
          ) : (
            <section className="card stack-tight" aria-labelledby="signed-in">
              <h2 id="signed-in">Who signs</h2>
              <p className="small">
                Only your server can sign. What is written here is kept as a draft until its signed repository
                holds it and that was proven.
              </p>
              <SignInFor did={did} need="write" />
            </section>
          )}
        </div>
      </div>
    </>
  )
}

/** The editor that the address asks for. */
function ToWrite({ did }: { readonly did: string }) {
  const reply = useSearchParam('reply')
  const quote = useSearchParam('quote')
  const edit = useSearchParam('edit')
  const as = useSearchParam('as')
  const goOn = goOnFromHere()
  const leave = (_draft: Draft | undefined) => goOn(writingHref(did), { replace: true })
  if (edit !== undefined) return <EditRecord key={edit} did={did} path={edit} onDone={leave} />
  if (as === 'json') return <JsonEditor did={did} onDone={leave} />
  return <PostComposer key={`${reply} ${quote}`} did={did} reply={reply} quote={quote} onDone={leave} />
}
