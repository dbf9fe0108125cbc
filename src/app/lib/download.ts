import type { Cairn } from '../../cairn/api.ts'

/** Long enough for the browser to have opened the file it was handed. */
const REVOKE_MS = 60_000

/** Saves bytes that fit in memory as a file. Always as plain bytes: a name decides nothing about how a page is shown. */
export function downloadBytes(bytes: Uint8Array<ArrayBuffer> | Blob, name: string): void {
  const blob = new Blob([bytes], { type: 'application/octet-stream' })
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS)
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/svg+xml': 'svg',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'audio/mpeg': 'mp3',
  'text/plain': 'txt',
  'text/vtt': 'vtt',
  'application/pdf': 'pdf',
}

/** Saves a kept blob under its CID, with the ending its record claims. */
export async function downloadBlob(
  cairn: Cairn,
  did: string,
  cid: string,
  type: string | undefined,
): Promise<void> {
  const blob = await cairn.library.blob(did, cid)
  const ending = type !== undefined && Object.hasOwn(EXTENSIONS, type) ? EXTENSIONS[type] : 'bin'
  downloadBytes(blob, `${cid}.${ending}`)
}
