import { afterEach, describe, expect, it } from 'vitest'
import { keepFocus } from './keep-focus.ts'

let stop = (): void => {}
afterEach(() => {
  stop()
  document.body.innerHTML = ''
})

function twoButtons(): readonly [HTMLButtonElement, HTMLButtonElement] {
  const [one, two] = [document.createElement('button'), document.createElement('button')]
  document.body.append(one, two)
  stop = keepFocus(document)
  one.focus()
  return [one, two]
}
/** The browser takes the focus from what is disabled. */
const isTaken = () => expect.poll(() => document.activeElement).toBe(document.body)

describe('a control that is disabled while its work runs', () => {
  it('has the focus again afterwards', async () => {
    const [one] = twoButtons()
    one.disabled = true
    await isTaken()
    one.disabled = false
    await expect.poll(() => document.activeElement).toBe(one)
  })

  it('takes it from nothing that was gone to meanwhile', async () => {
    const [one, two] = twoButtons()
    one.disabled = true
    await isTaken()
    two.focus()
    two.blur()
    one.disabled = false
    await new Promise((resolve) => requestAnimationFrame(resolve))
    expect(document.activeElement).toBe(document.body)
  })
})
