/** The media type of a pack over HTTP. */
export const PACK_MEDIA_TYPE = 'application/vnd.syncular.sync-pack.v1'

/** True when a Content-Type header names a pack, whatever its parameters. */
export function isPackMediaType(header: string | null | undefined): boolean {
  return header?.split(';', 1)[0]?.trim() === PACK_MEDIA_TYPE
}
