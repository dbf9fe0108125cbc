import type { ReactNode } from 'react'
import { Embed } from './embeds.tsx'
import { AccountLink, Picture, RefLink, RichText, WebLink, Written } from './parts.tsx'
import { blobRef, fields, list, MAX_ITEMS, refUri, str, sub, type Fields } from './read.ts'

/** A card for one lexicon; undefined when the record is not what the lexicon says, to show its JSON instead. */
type Card = (value: Fields) => ReactNode | undefined

function Head({
  what,
  value,
  children,
}: {
  readonly what: ReactNode
  readonly value: Fields
  readonly children?: ReactNode
}) {
  return (
    <div className="card-head">
      <span className="strong">{what}</span>
      {children}
      <Written at={value['createdAt']} />
    </div>
  )
}

const post: Card = (value) => {
  const text = str(value, 'text')
  if (text === undefined) return undefined
  const parent = refUri(sub(value, 'reply')?.['parent'])
  const tags = list(value, 'tags').filter((tag) => typeof tag === 'string')
  return (
    <>
      <Head what={parent === undefined ? 'Post' : 'Reply'} value={value} />
      {parent !== undefined && (
        <div className="small reply-to">
          <RefLink uri={parent} verb="In reply to" />
        </div>
      )}
      {text !== '' && <RichText text={text} facets={list(value, 'facets')} />}
      <Embed embed={sub(value, 'embed')} />
      {tags.length > 0 && (
        <p className="small">
          {tags
            .slice(0, MAX_ITEMS)
            .map((tag) => `#${tag}`)
            .join(' ')}
        </p>
      )}
    </>
  )
}

/** Likes, reposts: a verb and what it is about. */
const about =
  (what: string): Card =>
  (value) => {
    const uri = refUri(value['subject'])
    if (uri === undefined) return undefined
    return (
      <>
        <Head what={what} value={value} />
        <div className="small">
          <RefLink uri={uri} />
        </div>
      </>
    )
  }

/** Follows, blocks: a verb and whom. */
const person =
  (what: string): Card =>
  (value) => {
    const did = str(value, 'subject')
    if (did === undefined) return undefined
    return (
      <>
        <Head what={what} value={value} />
        <div className="small">
          {did.startsWith('at://') ? <RefLink uri={did} /> : <AccountLink did={did} />}
        </div>
      </>
    )
  }

const LIST_PURPOSE: Readonly<Record<string, string>> = {
  'app.bsky.graph.defs#modlist': 'Moderation list',
  'app.bsky.graph.defs#curatelist': 'List of people',
  'app.bsky.graph.defs#referencelist': 'Reference list',
}

/** Things with a name, a description and perhaps a picture. */
const named =
  (
    what: (value: Fields) => string,
    name: string,
    picture: string | undefined,
    more?: (value: Fields) => ReactNode,
  ): Card =>
  (value) => {
    const title = str(value, name)
    if (title === undefined) return undefined
    const avatar = picture === undefined ? undefined : blobRef(value[picture])
    const description = str(value, 'description') ?? ''
    return (
      <div className="named">
        {avatar !== undefined && <Picture blob={avatar} alt="" className="named-picture" />}
        <div className="stack-tight">
          <Head what={<bdi>{title}</bdi>} value={value}>
            <span className="pill quiet">{what(value)}</span>
          </Head>
          {description !== '' && <RichText text={description} facets={list(value, 'descriptionFacets')} />}
          {more?.(value)}
        </div>
      </div>
    )
  }

const listItem: Card = (value) => {
  const did = str(value, 'subject')
  const uri = str(value, 'list')
  if (did === undefined || uri === undefined) return undefined
  return (
    <>
      <Head what="List member" value={value} />
      <div className="small line">
        <AccountLink did={did} /> <RefLink uri={uri} verb="on" />
      </div>
    </>
  )
}

const ALLOW: Readonly<Record<string, string>> = {
  'app.bsky.feed.threadgate#mentionRule': 'people who are mentioned',
  'app.bsky.feed.threadgate#followingRule': 'people whom the author follows',
  'app.bsky.feed.threadgate#followerRule': 'people who follow the author',
  'app.bsky.feed.threadgate#listRule': 'people on a list',
}

const threadgate: Card = (value) => {
  const uri = str(value, 'post')
  if (uri === undefined) return undefined
  const rules = list(value, 'allow').map((rule) => ALLOW[str(fields(rule), '$type') ?? ''] ?? 'others')
  const who =
    value['allow'] === undefined
      ? 'Anyone may reply.'
      : rules.length === 0
        ? 'Nobody may reply.'
        : `Replies from ${rules.slice(0, MAX_ITEMS).join(', ')}.`
  return (
    <>
      <Head what="Reply rule" value={value} />
      <p>{who}</p>
      <div className="small">
        <RefLink uri={uri} verb="For" />
      </div>
    </>
  )
}

const postgate: Card = (value) => {
  const uri = str(value, 'post')
  if (uri === undefined) return undefined
  const closed = list(value, 'embeddingRules').some(
    (rule) => str(fields(rule), '$type') === 'app.bsky.feed.postgate#disableRule',
  )
  const detached = list(value, 'detachedEmbeddingUris').length
  return (
    <>
      <Head what="Quote rule" value={value} />
      <p>
        {closed ? 'Nobody may quote it.' : 'Anyone may quote it.'}
        {detached > 0 && ` ${detached} ${detached === 1 ? 'quote was' : 'quotes were'} detached.`}
      </p>
      <div className="small">
        <RefLink uri={uri} verb="For" />
      </div>
    </>
  )
}

const profile: Card = (value) => {
  const name = str(value, 'displayName') ?? ''
  const banner = blobRef(value['banner'])
  const avatar = blobRef(value['avatar'])
  const description = str(value, 'description') ?? ''
  const website = str(value, 'website')
  return (
    <div className="profile">
      {banner !== undefined && <Picture blob={banner} alt="" className="banner" />}
      <div className="named">
        {avatar !== undefined && <Picture blob={avatar} alt="" className="named-picture round" />}
        <div className="stack-tight">
          <Head what={<bdi>{name === '' ? 'Profile' : name}</bdi>} value={value}>
            {name !== '' && <span className="pill quiet">Profile</span>}
          </Head>
          {description !== '' && <RichText text={description} />}
          {website !== undefined && (
            <p className="small">
              <WebLink href={website}>{website}</WebLink>
            </p>
          )}
        </div>
      </div>
    </div>
  )
}

/** Cards by collection. A record under a known collection with another `$type` is shown as JSON. */
const CARDS: Readonly<Record<string, Card>> = {
  'app.bsky.feed.post': post,
  'app.bsky.feed.like': about('Like'),
  'app.bsky.feed.repost': about('Repost'),
  'app.bsky.feed.threadgate': threadgate,
  'app.bsky.feed.postgate': postgate,
  'app.bsky.feed.generator': named(
    () => 'Feed',
    'displayName',
    'avatar',
    (value) => {
      const service = str(value, 'did')
      return service === undefined ? null : (
        <div className="small">
          run by <AccountLink did={service} />
        </div>
      )
    },
  ),
  'app.bsky.graph.follow': person('Follow'),
  'app.bsky.graph.block': person('Block'),
  'app.bsky.graph.listblock': person('Blocked list'),
  'app.bsky.graph.list': named(
    (value) => LIST_PURPOSE[str(value, 'purpose') ?? ''] ?? 'List',
    'name',
    'avatar',
  ),
  'app.bsky.graph.listitem': listItem,
  'app.bsky.graph.starterpack': named(
    () => 'Starter pack',
    'name',
    undefined,
    (value) => {
      const people = str(value, 'list')
      const feeds = list(value, 'feeds').length
      return (
        <div className="small line">
          {people !== undefined && <RefLink uri={people} verb="People on" />}
          {feeds > 0 && <span>{feeds === 1 ? '1 feed' : `${feeds} feeds`}</span>}
        </div>
      )
    },
  ),
  'app.bsky.actor.profile': profile,
}

/** The readable card of a known record; undefined for all others. */
export function knownCard(collection: string, value: unknown): ReactNode | undefined {
  const record = fields(value)
  if (record === undefined || !Object.hasOwn(CARDS, collection) || str(record, '$type') !== collection)
    return undefined
  return CARDS[collection]?.(record)
}
