import { createRoot } from 'react-dom/client'
import { expect, it } from 'vitest'
import { useSaving, whileSaving } from './saves.ts'

const Said = () => <p>{useSaving() ? 'saving' : 'at rest'}</p>

it('says that a file is being saved until the last has ended, however it ends', async () => {
  const place = document.createElement('div')
  const root = createRoot(place)
  root.render(<Said />)
  await expect.poll(() => place.textContent).toBe('at rest')
  const one = Promise.withResolvers<string>()
  const other = Promise.withResolvers<never>()
  const saves = [whileSaving(() => one.promise), whileSaving(() => other.promise)] as const
  await expect.poll(() => place.textContent).toBe('saving')
  one.resolve('done')
  expect(await saves[0]).toBe('done')
  expect(place.textContent).toBe('saving')
  other.reject(new Error('stopped'))
  await expect(saves[1]).rejects.toThrow('stopped')
  await expect.poll(() => place.textContent).toBe('at rest')
  root.unmount()
})
