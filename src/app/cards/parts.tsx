import { ExternalLink } from 'lucide-react'
import { createContext, useContext, type ReactNode } from 'react'
import { Id } from '../components/bits.tsx'
import { useBlobImage } from '../lib/blob-image.ts'
import { collectionName } from '../lib/collections.ts'
import { formatBytes, formatDayTime, formatFull, parseDate } from '../lib/format.ts'
import { atUriHref, repoHref } from '../lib/routes.ts'
import { segments } from './facets.ts'
import type { BlobRef } from './read.ts'
import { webUrl } from './read.ts'

/** Whose record is shown: its blobs are read from this repo's own store. */
export const OwnerContext = createContext('')

/** A record's own date: what its author claims, no more. */
export function Written({ at }: { readonly at: unknown }) {
  const time = parseDate(at)
  if (time === undefined) return null
  return (
    <time className="faint small" dateTime={new Date(time).toISOString()} title={formatFull(time)}>
      {formatDayTime(time)}
    </time>
  )
}

/** Text with its links, mentions and tags; line breaks kept, direction told by its own letters. */
export function RichText({
  text,
  facets = [],
}: {
  readonly text: string
  readonly facets?: readonly unknown[]
}) {
  return (
    <p className="rich" dir="auto">
      {segments(text, facets).map((part, index) => {
        if (part.link !== undefined)
          return (
            <WebLink key={index} href={part.link}>
              {part.text}
            </WebLink>
          )
        if (part.mention !== undefined)
          return (
            <a key={index} href={repoHref(part.mention)}>
              {part.text}
            </a>
          )
        if (part.tag !== undefined)
          return (
            <span key={index} className="tag">
              {part.text}
            </span>
          )
        return part.text
      })}
    </p>
  )
}

/** A link that leaves Cairn, to the web only. */
export function WebLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  const url = webUrl(href)
  if (url === undefined) return children
  return (
    <a href={url.href} target="_blank" rel="noopener noreferrer nofollow" title={url.href}>
      {children}
    </a>
  )
}

/** A record or account referred to by its at:// URI: what it is, and the way to it. */
export function RefLink({ uri, verb }: { readonly uri: string; readonly verb?: string }) {
  const href = atUriHref(uri)
  const [, , , collection] = uri.split('/')
  const what = collection === undefined ? 'Account' : collectionName(collection).replace(/s$/, '')
  return (
    <span className="ref">
      <span>{verb ?? what}</span> <Id value={uri} what="address" href={href} head={16} tail={8} />
    </span>
  )
}

/** An account by DID. */
export function AccountLink({ did }: { readonly did: string }) {
  return <Id value={did} what="DID" href={did.startsWith('did:') ? repoHref(did) : undefined} />
}

interface PictureProps {
  readonly blob: BlobRef
  readonly alt: string
  readonly className?: string
}

/** An image from the repo's own store; when it is not kept, or no image, its words and size. */
export function Picture({ blob, alt, className = 'picture' }: PictureProps) {
  const did = useContext(OwnerContext)
  const url = useBlobImage(did, blob.cid)
  if (url === undefined) {
    return (
      <span className={`${className} stand-in`}>
        <span className="small">{alt === '' ? 'Image' : alt}</span>
        {blob.size !== undefined && <span className="small faint">{formatBytes(blob.size)}</span>}
      </span>
    )
  }
  return <img className={className} src={url} alt={alt} />
}

/** A card for a page on the web: title, a few words, where. */
export function External({
  uri,
  title,
  description,
  thumb,
}: {
  uri: string
  title: string
  description: string
  thumb: BlobRef | undefined
}) {
  const url = webUrl(uri)
  return (
    <div className="embed external">
      {thumb !== undefined && <Picture blob={thumb} alt="" className="thumb" />}
      <div className="external-words">
        <div className="strong" dir="auto">
          {title === '' ? (url?.host ?? uri) : title}
        </div>
        {description !== '' && (
          <div className="small clamp-2" dir="auto">
            {description}
          </div>
        )}
        <div className="small faint external-host">
          <WebLink href={uri}>
            {url?.host ?? uri.slice(0, 80)}{' '}
            <ExternalLink className="inline-icon" size={12} aria-hidden="true" />
            <span className="hidden-text">, opens in a new tab</span>
          </WebLink>
        </div>
      </div>
    </div>
  )
}
