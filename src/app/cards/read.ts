/** Careful reading of record values. Anybody can write any record, so nothing is taken on trust. */

export type Fields = Readonly<Record<string, unknown>>

/** More of a list than this is not drawn on a card; the JSON has it all. */
export const MAX_ITEMS = 20

export function fields(value: unknown): Fields | undefined {
  // an object with string keys and unknown values is all that this says
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function str(from: Fields | undefined, name: string): string | undefined {
  const value = from !== undefined && Object.hasOwn(from, name) ? from[name] : undefined
  return typeof value === 'string' ? value : undefined
}

export function list(from: Fields | undefined, name: string): readonly unknown[] {
  const value = from !== undefined && Object.hasOwn(from, name) ? from[name] : undefined
  return Array.isArray(value) ? value : []
}

export function sub(from: Fields | undefined, name: string): Fields | undefined {
  return from !== undefined && Object.hasOwn(from, name) ? fields(from[name]) : undefined
}

export interface BlobRef {
  readonly cid: string
  readonly type: string | undefined
  readonly size: number | undefined
}

/** Both forms of a blob: `{ $type: 'blob', ref: { $link }, … }` and the old `{ cid, mimeType }`. */
export function blobRef(value: unknown): BlobRef | undefined {
  const blob = fields(value)
  const cid =
    blob === undefined
      ? undefined
      : blob['$type'] === 'blob'
        ? str(sub(blob, 'ref'), '$link')
        : str(blob, 'cid')
  if (
    blob === undefined ||
    cid === undefined ||
    (blob['$type'] !== 'blob' && str(blob, 'mimeType') === undefined)
  )
    return undefined
  const size = blob['size']
  return { cid, type: str(blob, 'mimeType'), size: typeof size === 'number' ? size : undefined }
}

/** The `uri` of a strong reference, or of a view of one. */
export function refUri(value: unknown): string | undefined {
  return str(fields(value), 'uri')
}

/** An address that a person may be sent to; scripts and files are none. */
export function webUrl(value: unknown): URL | undefined {
  if (typeof value !== 'string' || value.length > 4_096) return undefined
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : undefined
}
