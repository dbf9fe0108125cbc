/** What people call the collections that the field knows; anything else is named by its NSID's last part. */
const NAMES: Readonly<Record<string, string>> = {
  'app.bsky.feed.post': 'Posts',
  'app.bsky.feed.like': 'Likes',
  'app.bsky.feed.repost': 'Reposts',
  'app.bsky.feed.generator': 'Feeds',
  'app.bsky.feed.threadgate': 'Reply rules',
  'app.bsky.feed.postgate': 'Quote rules',
  'app.bsky.graph.follow': 'Follows',
  'app.bsky.graph.block': 'Blocks',
  'app.bsky.graph.list': 'Lists',
  'app.bsky.graph.listitem': 'List members',
  'app.bsky.graph.listblock': 'Blocked lists',
  'app.bsky.graph.starterpack': 'Starter packs',
  'app.bsky.graph.verification': 'Verifications',
  'app.bsky.actor.profile': 'Profile',
  'app.bsky.actor.status': 'Status',
  'app.bsky.labeler.service': 'Labeller',
  'app.bsky.notification.declaration': 'Notification settings',
  'chat.bsky.actor.declaration': 'Chat settings',
  'com.whtwnd.blog.entry': 'Blog entries',
  'fyi.unravel.frontpage.post': 'Frontpage posts',
  'sh.tangled.repo': 'Code repositories',
  'site.standard.document': 'Documents',
}

/** What people most often want of a repo when they do not want all of it. */
export const COMMON_COLLECTIONS: readonly string[] = [
  'app.bsky.feed.post',
  'app.bsky.feed.repost',
  'app.bsky.feed.like',
  'app.bsky.graph.follow',
  'app.bsky.graph.list',
  'app.bsky.graph.listitem',
  'app.bsky.actor.profile',
  'com.whtwnd.blog.entry',
  'site.standard.document',
]

/** "Posts" for `app.bsky.feed.post`, "Recipe" for `org.garden.recipe`. */
export function collectionName(nsid: string): string {
  const known = Object.hasOwn(NAMES, nsid) ? NAMES[nsid] : undefined
  if (known !== undefined) return known
  const last = nsid.split('.').at(-1) ?? nsid
  const words = last
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('-', ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** "Post" for "Posts": one record of a collection by its name. */
export function singular(name: string): string {
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name
}
