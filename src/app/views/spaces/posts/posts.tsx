import { useMemo, useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { VirtualFeed } from '../../../components/virtual-feed.tsx'
import { goTo } from '../../../lib/navigate.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { itemOf } from '../../../spaces/items.ts'
import { useEntities, usePresence, useUnread } from '../../../spaces/reads.ts'
import { Names } from '../../../spaces/names.tsx'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import '../../../styles/spaces-posts.css'
import { SpaceAside } from '../aside.tsx'
import { Composer } from './composer.tsx'
import { newestOf, unreadFrom } from './feed.ts'
import { Post } from './post.tsx'

/** Height of a usual post with its line of reactions, for the first guess of the list's length. */
const ROW_HEIGHT = 130

/** What the group says to each other, newest first. */
export function Posts() {
  const { space, detail, canWrite, isAdmin } = useHere()
  const { value: all, error } = useEntities(space, 'post', isAdmin)
  const { threads, replies } = useMemo(() => newestOf(all ?? []), [all])
  const since = useUnreadLine(threads)
  useMarkSeen('posts', threads)
  const paged = useMemo(
    () => ({
      total: threads.length,
      at: (index: number) => threads[index],
      want: () => {},
      error: undefined,
    }),
    [threads],
  )
  return (
    <div className="columns">
      <div className="stack">
        {canWrite && <Composer place="posts" placeholder={`Write to ${detail.title}`} />}
        {!canWrite && detail.state === 'member' && (
          <p className="small reader-note">
            You can read here. Whoever let you in, or another admin, can let you write.
          </p>
        )}
        <Writing />
        {error !== undefined && all === undefined && <ErrorNote error={error} />}
        {all === undefined && error === undefined && <Loading label="Reading the posts" />}
        {all !== undefined && threads.length === 0 && (
          <div className="card">
            <Empty title="Nothing was said yet">
              {canWrite
                ? 'The first post tells the others what this place is for.'
                : 'What the others write is shown here.'}
            </Empty>
          </div>
        )}
        {threads.length > 0 && (
          <div className="card posts">
            <VirtualFeed
              paged={paged}
              label="Posts"
              listKey={space}
              rowHeight={ROW_HEIGHT}
              blank={null}
              onOpen={(post) => goTo(spaceHref(space, 'posts', post.id))}
              renderRow={(post) => (
                <>
                  <Post post={post} replies={replies.get(itemOf(post)) ?? []} />
                  {post.id === since && <p className="new-line">New up to here</p>}
                </>
              )}
            />
          </div>
        )}
      </div>
      <SpaceAside />
    </div>
  )
}

/** Who is writing a post right now. It keeps its line, so that nothing jumps. */
function Writing() {
  const { space, detail, nameOf } = useHere()
  const { value: presence } = usePresence(space)
  const names = (presence ?? [])
    .filter(({ typing, where, person }) => typing && where === 'posts' && person !== detail.person)
    .map(({ person }) => nameOf(person))
  const writing = [...new Set(names)]
  return (
    <p className="small writing" role="status">
      {writing.length > 0 && (
        <>
          <Names names={writing} most={2} /> {writing.length === 1 ? 'is' : 'are'} writing
        </>
      )}
    </p>
  )
}

/** The last of the posts that are new, as it was when the screen was opened: the line stays where it was found. */
function useUnreadLine(threads: readonly Entity<'post'>[]): string | undefined {
  const { space, detail } = useHere()
  const { value: unread } = useUnread(space)
  const [line, setLine] = useState<{ id: string | undefined }>()
  const count = unread?.['posts']
  // once, as soon as both are known
  if (line === undefined && count !== undefined && threads.length > 0)
    setLine({ id: unreadFrom(threads, count, detail.person) })
  return line?.id
}
