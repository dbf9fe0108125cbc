import * as v from 'valibot'
import { parseTid } from '../../core/tid.ts'
import { isDeviceDid, parseSpace } from '../../repo/space/uri.ts'
import { ascending, bytesOf, bytesUpTo, deviceDid, flag, link, version1 } from '../maps.ts'
import { KEY_BYTES } from '../crypto.ts'
import { SIGNATURE_BYTES } from '../signed.ts'
import { MAX_ITEM, MAX_NAMED, MAX_OPERATION_BYTES, MAX_PARENTS, MAX_SEQ, ROLES } from './model.ts'

/** Exact shapes of an operation's map and of its bodies (docs/space-members.md). */

const signature = bytesOf(SIGNATURE_BYTES)
/** Has a reader of its own, which bounds it. */
const letter = bytesUpTo(MAX_OPERATION_BYTES)
const rev = v.pipe(
  v.string(),
  v.check((it) => Number.isSafeInteger(parseTid(it)?.micros)),
)

const head = { device: deviceDid, rev: v.nullable(rev), commit: v.nullable(link) }
const bothOrNone = (it: { readonly rev: string | null; readonly commit: string | null }): boolean =>
  (it.rev === null) === (it.commit === null)

const heads = v.pipe(
  v.array(
    v.pipe(
      v.strictObject(head),
      v.check((it) => bothOrNone(it)),
    ),
  ),
  v.maxLength(MAX_NAMED),
  v.check((list) => ascending(list.map((it) => it.device))),
)
const personHeads = { person: deviceDid, heads }

/** A space whose first authority its URI names. */
const groupSpace = v.pipe(
  v.string(),
  v.check((it) => isDeviceDid(parseSpace(it)?.did ?? '')),
)

export const operationShape = v.strictObject({
  ver: version1,
  space: groupSpace,
  author: deviceDid,
  seq: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_SEQ)),
  parents: v.pipe(
    v.array(link),
    v.maxLength(MAX_PARENTS),
    v.check((it) => ascending(it)),
  ),
  at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  kind: v.string(),
  body: v.record(v.string(), v.unknown()),
  auth: v.nullable(v.strictObject({ key: deviceDid, sig: signature })),
  sig: signature,
})

/** By its kind, so that a body that is wrong is told by its own field. */
export const bodyShapes = {
  create: v.strictObject({ successor: v.nullable(deviceDid) }),
  role: v.pipe(
    v.strictObject({
      ...personHeads,
      role: v.picklist(ROLES),
      enrol: flag,
      via: v.nullable(link),
    }),
    v.check((it) => it.heads.length === 0 || it.role === 'reader' || it.role === 'none'),
    v.check((it) => !it.enrol || it.role !== 'none'),
  ),
  leave: v.strictObject(personHeads),
  device: v.strictObject({ person: deviceDid, device: deviceDid, consent: signature }),
  drop: v.pipe(
    v.strictObject(personHeads),
    v.check((it) => it.heads.length > 0),
  ),
  freeze: v.pipe(
    v.strictObject({ ...head, void: flag }),
    v.check((it) => bothOrNone(it)),
    v.check((it) => !it.void || it.rev === null),
  ),
  cut: v.strictObject({
    devices: v.pipe(
      v.array(deviceDid),
      v.minLength(1),
      v.maxLength(MAX_NAMED),
      v.check((it) => ascending(it)),
    ),
  }),
  successor: v.strictObject({ key: deviceDid }),
  succeed: v.strictObject({}),
  hide: v.strictObject({
    item: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_ITEM)),
    hidden: flag,
  }),
  link: v.strictObject({ record: letter }),
  join: v.strictObject({ join: letter, epoch: v.nullable(bytesOf(KEY_BYTES)) }),
  close: v.strictObject({ closing: letter }),
}
