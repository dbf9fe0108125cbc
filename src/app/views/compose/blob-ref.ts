import { cidString, CODEC_RAW } from '../../../core/cid.ts'

/** A blob of atproto in JSON form. */
export interface BlobJson {
  readonly $type: 'blob'
  readonly ref: { readonly $link: string }
  readonly mimeType: string
  readonly size: number
}

/** A file as a record names it. Who stores it hashes it again. */
export async function blobJson(file: Blob): Promise<BlobJson> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  const $link = cidString(CODEC_RAW, new Uint8Array(digest))
  return { $type: 'blob', ref: { $link }, mimeType: file.type, size: file.size }
}
