import '../tokens.css'
import '../styles/base.css'
import { StrictMode, useState } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import * as Y from 'yjs'
import type { Presence } from '../../cairn/space-model.ts'
import { createNoteText, type NoteText } from '../../spaces/text/note-text.ts'
import { contentSecurityPolicy } from '../../relay/security-headers.ts'
import { NoteEditor } from './note-editor.tsx'

const ANA = 'did:key:zAna'
const BEN = 'did:key:zBen'
const NOTE = '3note'

interface Side {
  readonly device: string
  readonly text: NoteText
  readonly root: HTMLElement
  readonly typed: Uint8Array[]
  cursor: Presence['cursor']
  reopened: number
  hear: (update: Uint8Array) => void
  setPresence: (presence: readonly Presence[]) => void
  setReadOnly: (readOnly: boolean) => void
}

let roots: Root[] = []
let others: Side[] = []

afterEach(async () => {
  for (const root of roots) root.unmount()
  roots = []
  others = []
  document.body.innerHTML = ''
})

/** A person's editor, over the same engine's part that ships; what is typed goes to the others at once. */
async function open(
  device: string,
  name: string,
  options: { readonly readOnly?: boolean; readonly from?: Side } = {},
) {
  const text = createNoteText({
    note: NOTE,
    device,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  })
  if (options.from !== undefined) for (const event of events) text.hear(options.from.device, event)
  const { state, client } = text.open()
  const place = document.createElement('div')
  place.setAttribute('aria-label', name)
  document.body.append(place)
  const side: Side = {
    device,
    text,
    root: place,
    typed: [],
    cursor: undefined,
    reopened: 0,
    hear: () => {},
    setPresence: () => {},
    setReadOnly: () => {},
  }
  const subscribe = (hear: (update: Uint8Array) => void) => {
    side.hear = hear
    return () => {
      side.hear = () => {}
    }
  }
  const Screen = () => {
    const [presence, setPresence] = useState<readonly Presence[]>([])
    const [readOnly, setReadOnly] = useState(options.readOnly ?? false)
    side.setPresence = setPresence
    side.setReadOnly = setReadOnly
    return (
      <NoteEditor
        state={state}
        client={client}
        name="Lime"
        readOnly={readOnly}
        presence={presence}
        incoming={subscribe}
        onTyped={(update) => {
          side.typed.push(update)
          for (const event of text.typed(update, 0)) {
            events.push(event)
            for (const other of others) {
              if (other === side) continue
              other.text.hear(device, event)
              const news = other.text.takeNews()
              if (news !== undefined) other.hear(news.update)
            }
          }
          text.takeNews()
        }}
        onCursor={(cursor) => {
          side.cursor = cursor
        }}
        onReopen={() => {
          side.reopened++
        }}
      />
    )
  }
  const root = createRoot(place)
  roots.push(root)
  root.render(
    <StrictMode>
      <Screen />
    </StrictMode>,
  )
  await expect.poll(() => place.querySelector('.note-text')).not.toBeNull()
  others.push(side)
  return side
}
let events: Uint8Array[] = []

const box = (side: Side): HTMLElement => {
  const found = side.root.querySelector<HTMLElement>('.note-text')
  if (found === null) throw new Error('no editor')
  return found
}
const blocks = (side: Side) =>
  [...box(side).children].map((block) => {
    const copy = block.cloneNode(true) as HTMLElement
    for (const cursor of copy.querySelectorAll('.note-cursor')) cursor.remove()
    return copy.textContent
  })
const button = (side: Side, label: string): HTMLElement => {
  const found = side.root.querySelector<HTMLElement>(`button[aria-label="${label}"]`)
  if (found === null) throw new Error(label)
  return found
}
const press = (side: Side, keys: string) => {
  box(side).focus()
  return userEvent.keyboard(keys)
}

async function paste(side: Side, html: string, plain = '') {
  const data = new DataTransfer()
  data.setData('text/html', html)
  data.setData('text/plain', plain)
  box(side).focus()
  box(side).dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
  )
}

describe('lists', () => {
  it('show their marks: bullets, and numbers', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await paste(ana, '<ul><li>sand<ul><li>fine</li></ul></li></ul><ol><li>lime</li></ol>')
    const markOf = (selector: string) => {
      const list = box(ana).querySelector(selector)
      return list === null ? undefined : getComputedStyle(list).listStyleType
    }
    await expect.poll(() => markOf('ol')).toBe('decimal')
    expect(markOf('ul')).toBe('disc')
    expect(markOf('ul ul')).toBe('circle')
  })
})

describe('two who type in one note', () => {
  it('see each other’s words, and undo only their own', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    expect(ana.typed).toEqual([])
    await press(ana, 'Lime')
    const ben = await open(BEN, 'Ben', { from: ana })
    await expect.poll(() => blocks(ben)).toEqual(['Lime'])
    expect(ben.typed).toEqual([])
    await press(ben, '{End} and sand')
    await expect.poll(() => blocks(ana)).toEqual(['Lime and sand'])
    await press(ana, '{Home}Hot ')
    await expect.poll(() => blocks(ben)).toEqual(['Hot Lime and sand'])
    await userEvent.click(button(ben, 'Undo what you typed'))
    await expect.poll(() => blocks(ana)).toEqual(['Hot Lime'])
    await expect.poll(() => blocks(ben)).toEqual(['Hot Lime'])
    await userEvent.click(button(ben, 'Redo'))
    await expect.poll(() => blocks(ana)).toEqual(['Hot Lime and sand'])
    expect(ana.text.markdown()).toBe('Hot Lime and sand\n')
    expect(ben.text.markdown()).toBe('Hot Lime and sand\n')
    expect(ana.text.broken()).toEqual([])
  })

  it('see each other’s cursors, by name, at the same word while it moves', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'lime and sand')
    const ben = await open(BEN, 'Ben', { from: ana })
    await press(ben, '{Home}' + '{ArrowRight}'.repeat(5) + '{Shift>}' + '{ArrowRight}'.repeat(3) + '{/Shift}')
    await expect.poll(() => ben.cursor).toBeDefined()
    const presence = (cursor: Presence['cursor'], name = 'Ben <b>'): Presence => ({
      person: BEN,
      device: BEN,
      name,
      where: `note/${NOTE}`,
      typing: false,
      cursor,
    })
    ana.setPresence([presence(ben.cursor)])
    await expect.poll(() => ana.root.querySelector('.note-cursor-name')?.textContent).toBe('Ben <b>')
    await expect.poll(() => ana.root.querySelector('.note-selection')?.textContent).toBe('and')
    await press(ana, '{Home}hot ')
    await expect.poll(() => blocks(ana)).toEqual(['hot lime and sand'])
    expect(ana.root.querySelector('.note-selection')?.textContent).toBe('and')
    // what leads nowhere shows nothing and breaks nothing
    const bytes = [
      new Uint8Array(),
      Uint8Array.of(1, 4, 101, 108, 115, 101, 0),
      Uint8Array.of(0, 9, 9),
      new Uint8Array(500),
    ]
    for (const anchor of bytes) {
      ana.setPresence([presence({ anchor, head: anchor }, 'Mallory')])
      await expect.poll(() => ana.root.querySelector('.note-cursor')).toBeNull()
    }
    ana.setPresence([])
    await press(ana, '{End}!')
    await expect.poll(() => blocks(ben)).toEqual(['hot lime and sand!'])
    expect(ana.cursor).toBeDefined()
    button(ana, 'Bold').focus()
    await expect.poll(() => ana.cursor).toBeUndefined()
  })

  it('let a reader look, and tell of a change of role', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'Lime')
    const ben = await open(BEN, 'Ben', { from: ana, readOnly: true })
    expect(box(ben).getAttribute('contenteditable')).toBe('false')
    expect(box(ben).getAttribute('aria-readonly')).toBe('true')
    expect(ben.root.querySelector('[role=toolbar]')).toBeNull()
    await press(ben, 'no')
    await press(ana, ' and sand')
    await expect.poll(() => blocks(ben)).toEqual(['Lime and sand'])
    expect(ben.typed).toEqual([])
    ben.setReadOnly(false)
    await expect.poll(() => ben.root.querySelector('[role=toolbar]')).not.toBeNull()
    await press(ben, '{End}!')
    await expect.poll(() => blocks(ana)).toEqual(['Lime and sand!'])
  })
})

describe('the toolbar', () => {
  it('is one stop of Tab, walked by arrows, and says what is on', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'lime{Shift>}{Home}{/Shift}')
    await press(ana, '{Alt>}{F10}{/Alt}')
    expect(document.activeElement).toBe(button(ana, 'Bold'))
    expect(ana.root.querySelectorAll('.note-bar button[tabindex="0"]')).toHaveLength(1)
    await userEvent.keyboard('{ArrowRight}')
    expect(document.activeElement).toBe(button(ana, 'Italic'))
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => button(ana, 'Italic').getAttribute('aria-pressed')).toBe('true')
    expect(button(ana, 'Bold').getAttribute('aria-pressed')).toBe('false')
    expect(ana.text.markdown()).toBe('*lime*\n')
    await userEvent.click(button(ana, 'Heading 2'))
    await userEvent.click(button(ana, 'List'))
    await expect.poll(() => ana.text.markdown()).toBe('- *lime*\n')
    button(ana, 'Bold').focus()
    await userEvent.keyboard('{End}')
    expect(document.activeElement).toBe(button(ana, 'Redo'))
    expect(button(ana, 'Redo').getAttribute('aria-disabled')).toBe('true')
    await userEvent.keyboard('{Escape}')
    expect(document.activeElement).toBe(box(ana))
  })

  it('links words to the web and to mail, and to nothing else', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'lime{Shift>}{Home}{/Shift}')
    await userEvent.click(button(ana, 'Link'))
    const input = ana.root.querySelector('input')
    expect(document.activeElement).toBe(input)
    await userEvent.keyboard('javascript:alert(1){Enter}')
    await expect.poll(() => ana.root.querySelector('[role=alert]')?.textContent).toMatch(/no address/)
    await userEvent.clear(input as HTMLElement)
    await userEvent.keyboard('lime.example/kiln{Enter}')
    await expect
      .poll(() => ana.root.querySelector('a')?.getAttribute('href'))
      .toBe('https://lime.example/kiln')
    expect(ana.root.querySelector('a')?.getAttribute('rel')).toContain('noopener')
    await userEvent.click(button(ana, 'Link'))
    await userEvent.click(await found(ana, /Remove the link/))
    await expect.poll(() => ana.root.querySelector('.note-text a')).toBeNull()
  })
})

const found = async (side: Side, words: RegExp): Promise<HTMLElement> => {
  const match = () =>
    [...side.root.querySelectorAll('button')].find((each) => words.test(each.textContent ?? ''))
  await expect.poll(match).toBeDefined()
  return match() ?? side.root
}

describe('what is hostile', () => {
  it('is harmless when it is pasted', async () => {
    events = []
    const fired: string[] = []
    Object.assign(window, { fired: (what: string) => fired.push(what) })
    const ana = await open(ANA, 'Ana')
    await paste(
      ana,
      `<p onclick="fired('click')" style="color:red">good</p><script>fired('script')</script>
       <img src="x" onerror="fired('error')"><svg onload="fired('svg')"></svg>
       <a href="javascript:fired('link')">bad link</a> <a href="https://lime.example/">fine</a>
       <iframe srcdoc="<script>parent.fired('frame')</script>"></iframe><style>.note { display: none }</style>`,
    )
    await expect.poll(() => box(ana).textContent).toMatch(/good/)
    expect(
      box(ana).querySelector('script, img, svg, iframe, style, [onclick], [onerror], [style]'),
    ).toBeNull()
    expect([...box(ana).querySelectorAll('a')].map((link) => link.getAttribute('href'))).toEqual([
      'https://lime.example/',
    ])
    const marks = ana.text.markdown()
    expect(marks).toMatch(/bad link/)
    expect(marks).not.toMatch(/javascript/)
    expect(fired).toEqual([])
  })

  it('is harmless when it comes from a member', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'fine')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, ana.text.state())
    const before = Y.encodeStateVector(doc)
    const fragment = doc.getXmlFragment('note')
    const paragraph = new Y.XmlElement('paragraph')
    const text = new Y.XmlText()
    text.insert(0, 'click', { link: { href: 'javascript:alert(1)', target: '_self' } })
    paragraph.insert(0, [text])
    const heading = new Y.XmlElement('heading')
    heading.setAttribute('level', '9" onclick="alert(1)')
    heading.insert(0, [new Y.XmlText('title')])
    const inner = new Y.XmlElement('paragraph')
    inner.insert(0, [new Y.XmlElement('script')])
    fragment.insert(1, [new Y.XmlText('nowhere'), paragraph, heading, inner, new Y.XmlElement('script')])
    ana.hear(Y.encodeStateAsUpdate(doc, before))
    await expect.poll(() => box(ana).textContent).toMatch(/click/)
    expect(box(ana).textContent).not.toMatch(/nowhere/)
    expect([...box(ana).querySelectorAll('a')].map((link) => link.getAttribute('href'))).toEqual([''])
    expect(box(ana).querySelector('script, [onclick]')).toBeNull()
    await press(ana, '{Control>}{Home}{/Control}still ')
    await expect.poll(() => blocks(ana)[0]).toBe('still fine')
    expect(ana.reopened).toBe(0)
  })

  it('is refused when it is more than a note holds', async () => {
    events = []
    const ana = await open(ANA, 'Ana')
    await press(ana, 'fine')
    await paste(ana, '', 'x'.repeat(400_000))
    await expect.poll(() => ana.root.querySelector('[role=status]')?.textContent).toMatch(/was not put in/)
    expect(blocks(ana)).toEqual(['fine'])
    const deep = (levels: number) =>
      `<p>a</p>${'<blockquote>'.repeat(levels)}<p>deep</p>${'</blockquote>'.repeat(levels)}<p>b</p>`
    await paste(ana, deep(60))
    expect(blocks(ana)).toEqual(['fine'])
    await paste(ana, deep(20))
    expect(blocks(ana)).toEqual(['finea', 'deep', 'b'])
    await press(ana, '{Control>}{End}{/Control}!')
    await expect.poll(() => ana.text.text()).toBe('finea\ndeep\nb!')
  })
})

describe('the policy of the app', () => {
  it('is kept: no style elements are made, and no attribute of style is written as text', async () => {
    events = []
    const violations: string[] = []
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))
    const styles = document.head.querySelectorAll('style').length
    const meta = document.createElement('meta')
    meta.httpEquiv = 'Content-Security-Policy'
    meta.content = contentSecurityPolicy
      .split('; ')
      .filter((directive) => directive.startsWith('style-src'))
      .join('; ')
    document.head.append(meta)
    const ana = await open(ANA, 'Ana')
    await press(ana, 'lime{Enter}')
    await userEvent.click(button(ana, 'Numbered list'))
    const ben = await open(BEN, 'Ben', { from: ana })
    await press(ben, 'x')
    await expect.poll(() => ben.cursor).toBeDefined()
    ana.setPresence([{ person: BEN, device: BEN, name: 'Ben', where: '', typing: false, cursor: ben.cursor }])
    await expect.poll(() => ana.root.querySelector('.note-cursor-name')?.textContent).toBe('Ben')
    expect(document.head.querySelectorAll('style').length).toBe(styles)
    expect(violations).toEqual([])
    // the policy is in force, so that this test can fail
    const probe = document.createElement('div')
    probe.innerHTML = '<p style="color: red"></p>'
    await expect.poll(() => violations.length).toBeGreaterThan(0)
  })
})
