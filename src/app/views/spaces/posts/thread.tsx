import { useMemo } from 'react'
import { Empty, Loading } from '../../../components/bits.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { itemOf } from '../../../spaces/items.ts'
import { useEntities, useEntity } from '../../../spaces/reads.ts'
import { useMarkSeen } from '../../../spaces/use-mark-seen.ts'
import '../../../styles/spaces-posts.css'
import { newestOf } from './feed.ts'
import { Post } from './post.tsx'

/** One post with all that was answered. A reply leads to what it answers. */
export function Thread({ id }: { readonly id: string }) {
  const { space, isAdmin } = useHere()
  const { value: post, error } = useEntity(space, 'post', id)
  const { value: all } = useEntities(space, 'post', isAdmin)
  const { replies } = useMemo(() => newestOf(all ?? []), [all])
  useMarkSeen(`post/${id}`, replies.get(`post/${id}`))
  const back = (
    <p className="back">
      <a href={spaceHref(space)}>All posts</a>
    </p>
  )
  if (error !== undefined && post === undefined) return <ErrorNote error={error} />
  if (post === undefined) return <Loading label="Reading the post" />
  const { parent } = post?.fields ?? {}
  if (post === null || post.deleted || (post.hidden && !isAdmin)) {
    return (
      <>
        {back}
        <div className="card">
          <Empty title="This post is not here">
            Its author deleted it, an admin hid it, or it has not reached this device yet.
          </Empty>
        </div>
      </>
    )
  }
  return (
    <>
      {back}
      {parent?.startsWith('post/') === true && (
        <p className="back">
          <a href={spaceHref(space, 'posts', parent.slice('post/'.length))}>To the post that it answers</a>
        </p>
      )}
      <div className="card posts">
        <Post post={post} replies={replies.get(itemOf(post)) ?? []} isPage />
      </div>
    </>
  )
}
