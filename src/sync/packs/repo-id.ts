import { isDid, isNsid, isRecordKey } from '../../core/syntax.ts'

/** Longest id of a repo, characters: two of the longest DIDs, and what stands between them. */
const MAX_ID = 5000

/** True for a DID, and for `at://{spaceDid}/space/{type}/{skey}/{authorDid}`: what a subscription may be called. */
export function isRepoId(id: string): boolean {
  if (isDid(id)) return true
  if (id.length > MAX_ID || !id.startsWith('at://')) return false
  const [space = '', word, type = '', key = '', author = '', ...more] = id.slice(5).split('/')
  return (
    more.length === 0 && word === 'space' && isDid(space) && isNsid(type) && isRecordKey(key) && isDid(author)
  )
}
