/** Longest edge of a preview, pixels, and most bytes that one may have. */
const EDGE = 320
const MAX_BYTES = 32 * 1024
/** Larger images are not decoded for a preview, bytes. */
const MAX_SOURCE = 64 * 1024 * 1024

/** Only formats that a browser draws without running anything. */
const DRAWN = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif'])

/** A small picture of an image file; undefined for anything else, and where nothing can be drawn. */
export async function previewOf(file: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (typeof OffscreenCanvas === 'undefined' || !DRAWN.has(file.type) || file.size > MAX_SOURCE)
    return undefined
  try {
    const image = await createImageBitmap(file)
    const scale = Math.min(1, EDGE / Math.max(image.width, image.height))
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(image.width * scale)),
      Math.max(1, Math.round(image.height * scale)),
    )
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    image.close()
    for (const quality of [0.8, 0.6, 0.4]) {
      const made = await canvas.convertToBlob({ type: 'image/webp', quality })
      if (made.size <= MAX_BYTES) return new Uint8Array(await made.arrayBuffer())
    }
    return undefined
  } catch {
    // What says that it is an image is none: it is a file like any other.
    return undefined
  }
}
