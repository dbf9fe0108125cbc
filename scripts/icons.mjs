/**
 * Draws the PNG icons into public/ from one description of the mark. Run it by hand after changing the
 * mark (`node scripts/icons.mjs`); the pictures are committed.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { requireChromium } from './lib/browser.mjs'
import { chromiumArgs } from './lib/chromium.mjs'
import { root } from './lib/run.mjs'

const paper = '#fbf9f5'
const moss = '#2f7550'

const stones = `<g fill="${moss}">
  <rect x="8" y="45.75" width="48" height="10" rx="5"/><rect x="14" y="33.25" width="40" height="10" rx="5"/>
  <rect x="14" y="20.75" width="32" height="10" rx="5"/><rect x="21.5" y="8.25" width="24" height="10" rx="5"/></g>`

/**
 * @param {number} margin part of the side that stays empty around the stones
 * @param {number} radius of the paper's corners, as part of the side
 */
function draw(margin, radius) {
  const scale = 1 - 2 * margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="100%" height="100%">
    <rect width="64" height="64" rx="${64 * radius}" fill="${paper}"/>
    <g transform="translate(${64 * margin} ${64 * margin}) scale(${scale})">${stones}</g></svg>`
}

// A maskable icon keeps its picture within the middle 80 %; the others fill a rounded tile.
const icons = [
  { file: 'icon-192.png', size: 192, svg: draw(0.12, 0.2) },
  { file: 'icon-512.png', size: 512, svg: draw(0.12, 0.2) },
  { file: 'icon-maskable-512.png', size: 512, svg: draw(0.22, 0) },
  { file: 'apple-touch-icon.png', size: 180, svg: draw(0.16, 0) },
]

const browser = await chromium.launch({ executablePath: await requireChromium(), args: chromiumArgs })
for (const { file, size, svg } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`)
  await writeFile(join(root, 'public', file), await page.screenshot({ omitBackground: true }))
  await page.close()
}
await browser.close()
