import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { useHere } from '../../../spaces/here.ts'
import { partsOf } from '../../../spaces/items.ts'
import { textSegments } from '../../../spaces/mentions.ts'
import { FileChip } from '../files/file-chip.tsx'
import { UnsentPill } from '../parts/unsent-pill.tsx'

interface PostMetaProps {
  readonly post: Entity<'post'>
  readonly children?: ReactNode
}

/** Who said it and when; and whether anybody has it yet. */
export function PostMeta({ post, children }: PostMetaProps) {
  const { nameOf } = useHere()
  const { from } = post.fields
  return (
    <div className="post-meta">
      <bdi className="strong">{from?.name ?? nameOf(post.by)}</bdi>
      <span className="small faint">
        <Ago at={from?.at ?? post.madeAt} />
        {from !== undefined && (
          <>
            , brought here by <bdi>{nameOf(post.by)}</bdi>
          </>
        )}
        {post.changedAt > post.madeAt + 1_000 && ', edited'}
        {post.clockAhead && ', by a clock that is ahead'}
      </span>
      {post.unsent && <UnsentPill since={post.changedAt} />}
      {post.hidden && <span className="pill behind">hidden from the others</span>}
      {children}
    </div>
  )
}

/** Text with its mentions and links, and the files that came with it. */
export function PostBody({ post }: { readonly post: Entity<'post'> }) {
  const { nameOf, detail } = useHere()
  const { text = '', mentions = [], files = [] } = post.fields
  return (
    <>
      {text !== '' && (
        <p className="post-text" dir="auto">
          {textSegments(text, mentions, nameOf).map((part, index) => {
            if (part.person !== undefined)
              return (
                <span key={index} className={part.person === detail.person ? 'mention me' : 'mention'}>
                  {part.text}
                </span>
              )
            if (part.link !== undefined)
              return (
                <a key={index} href={part.link} target="_blank" rel="noreferrer noopener" className="break">
                  {part.text}
                  <ExternalLink size={12} aria-hidden="true" className="inline-icon" />
                  <span className="hidden-text"> (opens in a new tab)</span>
                </a>
              )
            return part.text
          })}
        </p>
      )}
      {files.length > 0 && (
        <ul className="file-chips" aria-label="Files">
          {files.map((item) => (
            <li key={item}>
              <FileChip id={partsOf(item).id} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
