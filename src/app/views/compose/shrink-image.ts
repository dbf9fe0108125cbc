import { CairnError } from '../../../core/errors.ts'

export interface ShrunkImage {
  readonly file: Blob
  readonly width: number
  readonly height: number
}

interface Limits {
  /** of the file, bytes */
  readonly bytes: number
  /** of the longer side, px */
  readonly side: number
}

/** A post's image (app.bsky.embed.images); servers of before take half as much, so that is what is aimed for. */
export const POST_IMAGE: Limits = { bytes: 976_000, side: 2000 }
/** A profile's picture and banner (app.bsky.actor.profile). */
export const PROFILE_IMAGE: Limits = { bytes: 976_000, side: 1500 }

const QUALITIES = [0.9, 0.82, 0.72, 0.6]
/** How often it is made smaller before we give up. */
const SIZES = 6
/** A decoder may need many times the file's size, bytes. */
const MAX_INPUT = 64_000_000

/**
 * An image small enough to be a blob. It is always drawn anew, so nothing of the camera stays in it: no place, no
 * time, no serial number. Throws `app.image-unusable` for what the browser cannot show.
 */
export async function shrinkImage(input: Blob, { bytes, side }: Limits): Promise<ShrunkImage> {
  if (input.size > MAX_INPUT) throw new CairnError('app.image-unusable', { reason: 'size' })
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(input)
  } catch (error) {
    throw new CairnError('app.image-unusable', { reason: 'type' }, { cause: error })
  }
  try {
    let scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
    for (let round = 0; round < SIZES; round++, scale *= 0.75) {
      const width = Math.max(1, Math.round(bitmap.width * scale))
      const height = Math.max(1, Math.round(bitmap.height * scale))
      const file = await draw(bitmap, width, height, input.type, bytes)
      if (file !== undefined) return { file, width, height }
    }
  } finally {
    bitmap.close()
  }
  throw new CairnError('app.image-unusable', { reason: 'size' })
}

/** In the best quality that fits; undefined when none does. What can be seen through stays so where it fits. */
async function draw(
  bitmap: ImageBitmap,
  width: number,
  height: number,
  type: string,
  bytes: number,
): Promise<Blob | undefined> {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { alpha: type === 'image/png' })
  if (context === null) throw new CairnError('app.image-unusable', { reason: 'canvas' })
  context.drawImage(bitmap, 0, 0, width, height)
  if (type === 'image/png') {
    const png = await canvas.convertToBlob({ type: 'image/png' })
    if (png.size <= bytes) return png
    context.globalCompositeOperation = 'destination-over'
    context.fillStyle = '#fff'
    context.fillRect(0, 0, width, height)
  }
  for (const quality of QUALITIES) {
    const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality })
    if (jpeg.size <= bytes) return jpeg
  }
  return undefined
}
