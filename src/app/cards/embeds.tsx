import { formatBytes } from '../lib/format.ts'
import { External, Picture, RefLink } from './parts.tsx'
import { blobRef, fields, list, MAX_ITEMS, refUri, str, sub, type Fields } from './read.ts'

/** What a post carries besides its text. Nothing for kinds that are not known: the JSON has them. */
export function Embed({ embed }: { readonly embed: Fields | undefined }) {
  switch (str(embed, '$type')) {
    case 'app.bsky.embed.images':
      return <Images images={list(embed, 'images')} />
    case 'app.bsky.embed.external':
      return <ExternalEmbed external={sub(embed, 'external')} />
    case 'app.bsky.embed.record':
      return <Quoted uri={refUri(embed?.['record'])} />
    case 'app.bsky.embed.recordWithMedia':
      return (
        <>
          <Embed embed={notNested(sub(embed, 'media'))} />
          <Quoted uri={refUri(sub(embed, 'record')?.['record'])} />
        </>
      )
    case 'app.bsky.embed.video':
      return <Video embed={embed} />
    default:
      return null
  }
}

/** Media within a quote is one level deep; a record that nests further is not followed. */
function notNested(media: Fields | undefined): Fields | undefined {
  return str(media, '$type') === 'app.bsky.embed.recordWithMedia' ? undefined : media
}

function Images({ images }: { readonly images: readonly unknown[] }) {
  const shown = images
    .slice(0, MAX_ITEMS)
    .map((image) => ({ blob: blobRef(fields(image)?.['image']), alt: str(fields(image), 'alt') ?? '' }))
    .filter((image) => image.blob !== undefined)
  if (shown.length === 0) return null
  return (
    <div className={`embed images n${Math.min(4, shown.length)}`}>
      {shown.map(
        ({ blob, alt }, index) => blob !== undefined && <Picture key={index} blob={blob} alt={alt} />,
      )}
    </div>
  )
}

function ExternalEmbed({ external }: { readonly external: Fields | undefined }) {
  const uri = str(external, 'uri')
  if (uri === undefined) return null
  return (
    <External
      uri={uri}
      title={str(external, 'title') ?? ''}
      description={str(external, 'description') ?? ''}
      thumb={blobRef(external?.['thumb'])}
    />
  )
}

function Quoted({ uri }: { readonly uri: string | undefined }) {
  if (uri === undefined) return null
  return (
    <div className="embed quoted small">
      <RefLink uri={uri} verb={uri.includes('/app.bsky.feed.post/') ? 'Quotes' : 'Shows'} />
    </div>
  )
}

/** Video is a file to download: no player touches bytes that anybody may have written. */
function Video({ embed }: { readonly embed: Fields | undefined }) {
  const video = blobRef(embed?.['video'])
  if (video === undefined) return null
  return (
    <div className="embed quoted small">
      <span>
        Video{video.size === undefined ? '' : `, ${formatBytes(video.size)}`}
        {str(embed, 'alt') === undefined ? '' : `: ${str(embed, 'alt')}`}
      </span>
    </div>
  )
}
