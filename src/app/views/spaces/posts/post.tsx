import { CornerDownRight, Pin } from 'lucide-react'
import { useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { plural } from '../../../lib/format.ts'
import { spaceHref } from '../../../lib/routes.ts'
import { useHere } from '../../../spaces/here.ts'
import { itemOf } from '../../../spaces/items.ts'
import { ShowMore, useSteps } from '../../../spaces/use-steps.tsx'
import { PersonAvatar } from '../parts/person-avatar.tsx'
import { Composer } from './composer.tsx'
import { PostActions } from './post-actions.tsx'
import { PostBody, PostMeta } from './post-body.tsx'
import { ReactButton, Reactions } from './reactions.tsx'

/** Replies that show in the feed; the rest are on the post's own page. */
const SHOWN = 3
/** On that page, before the rest is asked for. */
const PAGE = 100

interface PostProps {
  readonly post: Entity<'post'>
  readonly replies: readonly Entity<'post'>[]
  /** all replies, and an open answer */
  readonly isPage?: boolean
}

/** A post with what was answered, and everything that can be done with it. */
export function Post({ post, replies, isPage = false }: PostProps) {
  const { space, canWrite, detail } = useHere()
  const [answering, setAnswering] = useState(isPage)
  const item = itemOf(post)
  const steps = useSteps(replies, isPage ? PAGE : SHOWN, { end: true })
  const earlier = plural(steps.left, 'earlier reply', 'earlier replies')
  return (
    <div className={post.hidden ? 'post is-hidden' : 'post'}>
      <PersonAvatar person={post.by} />
      <div className="post-main">
        <div className="post-head">
          <PostMeta post={post}>
            {detail.pins.includes(item) && (
              <span className="pill quiet">
                <Pin size={12} aria-hidden="true" /> pinned
              </span>
            )}
          </PostMeta>
          <PostActions post={post} />
        </div>
        <PostBody post={post} />
        <div className="post-foot">
          <Reactions item={item} />
          <ReactButton item={item} />
          {canWrite && !answering && (
            <button type="button" className="btn slim plain" onClick={() => setAnswering(true)}>
              <CornerDownRight size={14} aria-hidden="true" /> Reply
            </button>
          )}
        </div>
        {replies.length > 0 && (
          <ul className="replies" aria-label="Replies">
            {steps.left > 0 && (
              <li>
                {isPage ? (
                  <ShowMore steps={steps} label={`Show more of ${earlier}`} />
                ) : (
                  <a className="small" href={spaceHref(space, 'posts', post.id)}>
                    Show {earlier}
                  </a>
                )}
              </li>
            )}
            {steps.shown.map((reply) => (
              <li key={reply.id}>
                <Reply reply={reply} />
              </li>
            ))}
          </ul>
        )}
        {answering && canWrite && (
          <Composer
            place={item}
            parent={item}
            placeholder="Write a reply"
            focusNow={!isPage}
            {...(isPage ? {} : { onDone: () => setAnswering(false) })}
          />
        )}
      </div>
    </div>
  )
}

function Reply({ reply }: { readonly reply: Entity<'post'> }) {
  return (
    <div className={reply.hidden ? 'post is-hidden' : 'post'}>
      <PersonAvatar person={reply.by} size={24} />
      <div className="post-main">
        <div className="post-head">
          <PostMeta post={reply} />
          <span className="post-acts">
            <ReactButton item={itemOf(reply)} />
            <PostActions post={reply} />
          </span>
        </div>
        <PostBody post={reply} />
        <div className="post-foot">
          <Reactions item={itemOf(reply)} />
        </div>
      </div>
    </div>
  )
}
