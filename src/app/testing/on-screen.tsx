import '../tokens.css'
import '../styles/base.css'
import '../styles/frame.css'
import { createRoot, type Root } from 'react-dom/client'
import { expect } from 'vitest'
import { App } from '../app.tsx'
import { createStory, type Story, type StoryOptions } from './story-cairn.ts'

/** The whole app on a page, and what a test sees of it. */

let root: Root | undefined

/** Opens an address of the app with invented content in it. */
export function open(path: string, options?: StoryOptions): Story {
  history.replaceState(null, '', path)
  document.body.innerHTML = '<div id="root"></div>'
  const story = createStory(options)
  root = createRoot(document.querySelector('#root') ?? document.body)
  root.render(<App start={() => story.cairn} />)
  return story
}

/** Takes it away again, and the address with it. */
export function leave(): void {
  root?.unmount()
  history.replaceState(null, '', '/')
}

export const text = () => document.querySelector('main')?.textContent ?? ''
export const dialog = () => document.querySelector('dialog')?.textContent
export const see = (words: string | RegExp) => expect.poll(text).toMatch(words)
export const find = async (selector: string): Promise<HTMLElement> => {
  await expect.poll(() => document.querySelector(selector), { message: selector }).not.toBeNull()
  const element = document.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(selector)
  return element
}
export const button = async (name: RegExp): Promise<HTMLElement> => {
  const match = () =>
    [...document.querySelectorAll('button')].find((each) =>
      name.test(each.getAttribute('aria-label') ?? each.textContent ?? ''),
    )
  await expect.poll(match, { message: String(name) }).toBeDefined()
  return match() ?? document.body
}
export const check = async (words: RegExp): Promise<HTMLElement> => {
  const match = () =>
    [...document.querySelectorAll('label.check')]
      .find((each) => words.test(each.textContent ?? ''))
      ?.querySelector('input')
  await expect.poll(match, { message: String(words) }).toBeDefined()
  return match() ?? document.body
}
