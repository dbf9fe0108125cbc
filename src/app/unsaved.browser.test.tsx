import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import * as Y from 'yjs'
import type { TypedText } from '../cairn/api.ts'
import { find, leave, open } from './testing/on-screen.tsx'
import { at, edits, field, warmUp } from './testing/space-screen.tsx'
import { CHOIR_SPACE } from './testing/story-space-data.ts'

beforeAll(warmUp)
beforeEach(() => page.viewport(1180, 900))
afterEach(leave)

/** Whether the browser asks before the page is closed. */
const asksFirst = (): boolean => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))

/** Into the text of a note: by its focus, as its place is another once the tools above it have come. */
async function typeInto(box: HTMLElement, text: string): Promise<void> {
  box.focus()
  await userEvent.keyboard(text)
}

describe('what is typed and stored nowhere yet', () => {
  it('of a note is asked about and stored when the page is closed, and until then only', async () => {
    const story = open(at('notes', 'songs'))
    const box = await find('.note-text')
    expect(asksFirst()).toBe(false)
    await typeInto(box, 'Encore')
    expect(asksFirst()).toBe(true)
    expect(story.calls.filter((call) => call.startsWith('flushNote'))).toHaveLength(1)
    await expect.poll(asksFirst).toBe(false)
  })

  it('of a note is said once more when it is stored: who heard it may have ended with its page', async () => {
    const story = open(at('notes', 'songs'))
    const box = await find('.note-text')
    const told: number[] = []
    Object.assign(story.cairn.spaces, {
      flushNote: async (_space: string, _id: string, typed: readonly TypedText[] = []) =>
        void told.push(typed.length),
    })
    await typeInto(box, 'Encore')
    await expect.poll(asksFirst).toBe(false)
    expect(Math.max(...told)).toBeGreaterThan(5)
    document.dispatchEvent(new Event('visibilitychange'))
    await expect.poll(() => told.at(-1)).toBe(0)
  })

  it('of a note goes on with what came while another took the lead', async () => {
    const story = open(at('notes', 'songs'))
    const box = await find('.note-text')
    await typeInto(box, 'Encore')
    const doc = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('Tide')])
    doc.getXmlFragment('note').insert(0, [paragraph])
    Object.assign(story.cairn.spaces, {
      note: async () => ({ state: Y.encodeStateAsUpdate(doc), client: 8, salt: new Uint8Array(8) }),
    })
    story.emit({ type: 'space-opened', space: CHOIR_SPACE })
    await expect.poll(() => box.textContent).toContain('Tide')
    expect(box.textContent).toContain('Encore')
  })

  it('of a post is asked about until it is sent', async () => {
    open(at('posts'))
    const box = await field(/^Write to Tidewater/)
    await userEvent.type(box, 'Half a thou')
    await expect.poll(asksFirst).toBe(true)
    await userEvent.keyboard('ght{Control>}{Enter}{/Control}')
    await expect.poll(asksFirst).toBe(false)
  })

  it('is in the box still when it was typed while a post was stored', async () => {
    const story = open(at('posts'))
    const { edit } = story.cairn.spaces
    const stored = Promise.withResolvers<void>()
    Object.assign(story.cairn.spaces, {
      edit: async (...told: Parameters<typeof edit>) => {
        await stored.promise
        return edit(...told)
      },
    })
    const box = await field(/^Write to Tidewater/)
    await userEvent.type(box, 'One{Control>}{Enter}{/Control} two')
    stored.resolve()
    await expect.poll(() => edits(story.calls).join()).toContain('"text":"One"')
    await expect.poll(() => (box as HTMLTextAreaElement).value).toBe(' two')
  })

  it('is all that is written over the title of a note that others change too', async () => {
    const story = open(at('notes', 'songs'))
    const title = await field(/^Title of the note/)
    await userEvent.clear(title)
    await userEvent.type(title, 'Ours')
    await expect.poll(() => edits(story.calls).length).toBe(1)
    await story.cairn.spaces.edit(CHOIR_SPACE, [{ kind: 'note', id: 'songs', set: { title: 'Theirs' } }])
    await expect.poll(() => (title as HTMLInputElement).value).toBe('Theirs')
    expect(document.activeElement).toBe(title)
    await userEvent.type(title, '!{Tab}')
    await expect.poll(() => edits(story.calls).at(-1)).toContain('Theirs!')
    expect(edits(story.calls)).toHaveLength(3)
  })
})
