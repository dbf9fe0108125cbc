import {
  collectionHref,
  movingHref,
  recordHref,
  repoHref,
  SPACE_TABS,
  spaceHref,
} from '../src/app/lib/routes.ts'
import { PROFILE_PATH, writingHref } from '../src/app/views/compose/hrefs.ts'
import { tid } from './pds/seed.ts'

/** Every screen of the app, with a repo of {@link LARGE} or {@link SMALL} size kept, and its account signed in. */
export function everyScreen(did: string): readonly { readonly name: string; readonly path: string }[] {
  const repo = (['overview', 'records', 'blobs', 'search', 'snapshots', 'health', 'export'] as const).map(
    (tab) => ({
      name: `repo-${tab}`,
      path: repoHref(did, tab),
    }),
  )
  const collections = [
    'app.bsky.feed.post',
    'app.bsky.feed.like',
    'app.bsky.feed.repost',
    'app.bsky.feed.threadgate',
    'app.bsky.feed.generator',
    'app.bsky.graph.follow',
    'app.bsky.graph.block',
    'app.bsky.graph.list',
    'app.bsky.graph.listitem',
    'app.bsky.graph.starterpack',
    'app.bsky.actor.profile',
    'com.example.shelf',
  ].map((collection) => ({ name: `records-${collection}`, path: collectionHref(did, collection) }))
  return [
    { name: 'library', path: '/' },
    ...repo,
    ...collections,
    { name: 'record-post', path: recordHref(did, `app.bsky.feed.post/${tid(0)}`) },
    { name: 'record-unknown', path: recordHref(did, 'com.example.shelf/page') },
    { name: 'writing', path: writingHref(did) },
    { name: 'writing-reply', path: writingHref(did, { reply: `at://${did}/app.bsky.feed.post/${tid(1)}` }) },
    { name: 'writing-profile', path: writingHref(did, { edit: PROFILE_PATH }) },
    { name: 'writing-record', path: writingHref(did, { edit: 'com.example.shelf/page' }) },
    { name: 'writing-json', path: writingHref(did, { as: 'json' }) },
    { name: 'moving', path: movingHref(did) },
    { name: 'search', path: '/search' },
    { name: 'activity', path: '/activity' },
    { name: 'network', path: '/network' },
    { name: 'settings', path: '/settings' },
    {
      name: 'keep',
      path: '/#/keep/did:plc:ewvi7nxzyoun6zhxrhs64oiz?relay=https%3A%2F%2Frelay.example.org%2F',
    },
    { name: 'open', path: '/open' },
    { name: 'nothing-here', path: '/no/such/place' },
  ]
}

/** Every screen of a space that holds a post and a note. */
export function spaceScreens(
  space: string,
  { post, note }: { readonly post: string; readonly note: string },
): readonly { readonly name: string; readonly path: string }[] {
  return [
    { name: 'spaces', path: '/spaces' },
    ...SPACE_TABS.map((tab) => ({ name: `space-${tab}`, path: spaceHref(space, tab) })),
    { name: 'space-thread', path: spaceHref(space, 'posts', post) },
    { name: 'space-note', path: spaceHref(space, 'notes', note) },
    { name: 'join', path: '/join' },
  ]
}
