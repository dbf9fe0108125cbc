import type { Page } from '@playwright/test'

/** A photograph as one might take it: hills under a sky, drawn by the browser. `seed` chooses the hour and the hills. */
export async function drawPicture(page: Page, seed: number, width = 1_600, height = 1_067): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([seed, width, height]) => {
      const canvas = new OffscreenCanvas(width, height)
      const context = canvas.getContext('2d')
      if (context === null) throw new Error('no canvas')
      const hue = (seed * 67) % 360
      const sky = context.createLinearGradient(0, 0, 0, height)
      sky.addColorStop(0, `hsl(${(hue + 200) % 360} 45% 62%)`)
      sky.addColorStop(0.7, `hsl(${hue} 70% 84%)`)
      context.fillStyle = sky
      context.fillRect(0, 0, width, height)
      context.fillStyle = `hsl(${hue} 90% 93%)`
      context.beginPath()
      context.arc(width * (0.2 + ((seed * 0.29) % 0.6)), height * 0.34, height * 0.07, 0, 7)
      context.fill()
      for (let ridge = 0; ridge < 5; ridge++) {
        context.fillStyle = `hsl(${(hue + 120 + ridge * 9) % 360} ${18 + ridge * 5}% ${58 - ridge * 10}%)`
        context.beginPath()
        context.moveTo(0, height)
        for (let x = 0; x <= width; x += 8) {
          const wave =
            Math.sin(x / (90 + ridge * 40) + seed * 3 + ridge) + Math.sin(x / (37 + seed) + ridge * 2) * 0.3
          context.lineTo(x, height * (0.48 + ridge * 0.11) + (wave * height) / (22 + ridge * 4))
        }
        context.lineTo(width, height)
        context.fill()
      }
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })
      let text = ''
      for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte)
      return btoa(text)
    },
    [seed, width, height] as const,
  )
  return Buffer.from(base64, 'base64')
}
