import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { giveBackFocus } from './give-back-focus.ts'

beforeEach(() => {
  document.body.innerHTML =
    '<main><h1 tabindex="-1">Members</h1><button>Remove</button><button>Other</button></main>'
})
afterEach(() => {
  document.body.innerHTML = ''
})

const heading = () => document.querySelector('h1')
function buttons(): readonly [HTMLButtonElement, HTMLButtonElement] {
  const [opener, other] = document.querySelectorAll('button')
  if (opener === undefined || other === undefined) throw new Error('there are two')
  return [opener, other]
}

describe('the focus after a dialog', () => {
  it('is where it was opened, and at the heading once that goes', async () => {
    const [opener] = buttons()
    giveBackFocus(opener)
    expect(document.activeElement).toBe(opener)
    opener.remove()
    await expect.poll(() => document.activeElement).toBe(heading())
  })

  it('is at the heading where that had gone before', () => {
    const [opener] = buttons()
    opener.remove()
    giveBackFocus(opener)
    expect(document.activeElement).toBe(heading())
  })

  it('stays where the person has gone meanwhile', async () => {
    const [opener, other] = buttons()
    giveBackFocus(opener)
    other.focus()
    other.blur()
    opener.remove()
    await new Promise((resolve) => requestAnimationFrame(resolve))
    expect(document.activeElement).toBe(document.body)
  })
})
