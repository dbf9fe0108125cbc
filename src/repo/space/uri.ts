import { isDid, isNsid, isRecordKey } from '../../core/syntax.ts'
import { SpaceError } from './errors.ts'

/** What a space repo is called: one per space and device. */
export interface SpaceRepoName {
  /** the space: `at://{spaceDid}/space/{type}/{skey}` */
  readonly space: string
  /** the device that writes it: the `did:key` of a P-256 key */
  readonly author: string
}

export interface SpaceName {
  readonly did: string
  /** an NSID */
  readonly type: string
  /** by the grammar of record keys */
  readonly skey: string
}

/**
 * The one text of a P-256 key's compressed point as `did:key`: the multicodec's two bytes and 33 of the point are
 * always 48 digits of base58 that begin so. Whether the point is on the curve is seen when a signature is checked.
 */
const DEVICE = /^did:key:zDn[1-9A-HJ-NP-Za-km-z]{46}$/

/** True for what a device's DID looks like. */
export const isDeviceDid = (text: string): boolean => DEVICE.test(text)

/** `at://{spaceDid}/space/{type}/{skey}/{authorDid}`. */
export const formatSpaceRepo = ({ space, author }: SpaceRepoName): string => `${space}/${author}`

/** The parts of a space's URI; undefined when the text is none. One space has one text. */
export function parseSpace(text: string): SpaceName | undefined {
  const [scheme, empty, did, word, type, skey, ...more] = text.split('/', 7)
  if (scheme !== 'at:' || empty !== '' || word !== 'space' || more.length > 0) return undefined
  if (did === undefined || type === undefined || skey === undefined) return undefined
  return isDid(did) && isNsid(type) && isRecordKey(skey) ? { did, type, skey } : undefined
}

/** The parts of a space repo's URI; undefined when the text is none. One repo has one text. */
export function parseSpaceRepo(text: string): SpaceRepoName | undefined {
  const at = text.lastIndexOf('/')
  const name = { space: text.slice(0, Math.max(at, 0)), author: text.slice(at + 1) }
  return isDeviceDid(name.author) && parseSpace(name.space) !== undefined ? name : undefined
}

/** The same for who must have one. Throws `space.uri`. */
export function spaceRepoOf(uri: string): SpaceRepoName {
  const name = parseSpaceRepo(uri)
  if (name === undefined) throw new SpaceError('space.uri', { uri: uri.slice(0, 200) })
  return name
}
