import type { RichText } from '../../../cairn/api.ts'
import { fields, str, sub } from '../../cards/read.ts'

/** A post is at most this long (app.bsky.feed.post), graphemes. */
export const MAX_POST = 300
/** Images of one post (app.bsky.embed.images). */
export const MAX_IMAGES = 4

/** A record that is answered or quoted. */
export interface Subject {
  readonly uri: string
  readonly cid: string
  readonly value: unknown
}

export interface PostImage {
  /** a blob in atproto JSON */
  readonly image: object
  readonly alt: string
  readonly aspectRatio: { readonly width: number; readonly height: number }
}

export interface PostParts {
  readonly text: string
  readonly rich: RichText
  readonly langs: readonly string[]
  readonly images: readonly PostImage[]
  readonly reply: Subject | undefined
  readonly quote: Subject | undefined
  /** ISO time */
  readonly createdAt: string
}

/** An `app.bsky.feed.post` record. */
export function postRecord({ text, rich, langs, images, reply, quote, createdAt }: PostParts): object {
  const media =
    images.length === 0
      ? undefined
      : { $type: 'app.bsky.embed.images', images: images.map((it) => ({ ...it })) }
  const record =
    quote === undefined ? undefined : { $type: 'app.bsky.embed.record', record: reference(quote) }
  const embed =
    media !== undefined && record !== undefined
      ? { $type: 'app.bsky.embed.recordWithMedia', media, record }
      : (media ?? record)
  return {
    $type: 'app.bsky.feed.post',
    text,
    ...(rich.facets.length === 0 ? {} : { facets: rich.facets }),
    ...(reply === undefined ? {} : { reply: { root: rootOf(reply), parent: reference(reply) } }),
    ...(embed === undefined ? {} : { embed }),
    ...(langs.length === 0 ? {} : { langs }),
    createdAt,
  }
}

const reference = ({ uri, cid }: Pick<Subject, 'uri' | 'cid'>) => ({ uri, cid })

/** The first post of the thread that is answered: what the parent says it is, or the parent. */
function rootOf(parent: Subject): { uri: string; cid: string } {
  const root = sub(sub(fields(parent.value), 'reply'), 'root')
  const [uri, cid] = [str(root, 'uri'), str(root, 'cid')]
  return uri === undefined || cid === undefined ? reference(parent) : { uri, cid }
}
