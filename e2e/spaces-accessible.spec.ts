import { overflowOf, VARIANTS, violationsOf } from './axe.ts'
import { opened } from './opened.ts'
import { spaceScreens } from './places.ts'
import { CHOIR, fillChoir, SINGERS } from './space-choir.ts'
import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'
import { createSpaceScreen } from './space-screen.ts'

test.use(NOT_INSTALLED)

test('every screen of a space, in both themes and at 360 px: axe finds nothing and nothing is cut off', async ({
  group,
  app,
}) => {
  test.setTimeout(240_000)
  const { space, members } = await group(CHOIR, SINGERS)
  const [mirela] = members
  if (mirela === undefined) throw new Error('four are asked for')
  const filled = await fillChoir(space, members)
  const { page, tab } = mirela
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const found: Record<string, unknown> = {}
  const look = async (name: string): Promise<void> => {
    await tab.settled()
    for (const { name: variant, colorScheme, ...size } of VARIANTS) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      const violations = await violationsOf(page)
      if (violations.length > 0) found[`${name}, ${variant}`] = violations
      const over = await overflowOf(page)
      if (over > 0) found[`${name}, ${variant}, is too wide by`] = over
    }
  }
  for (const { name, path } of spaceScreens(space, filled)) {
    await page.setViewportSize({ width: 1180, height: 800 })
    await page.goto(app.url + path)
    await opened(page)
    await look(name)
  }
  const screen = createSpaceScreen(page, app.url)
  await page.setViewportSize({ width: 1180, height: 800 })
  await screen.open(space)
  await screen.share()
  await look('link')
  expect(found).toEqual({})
})
