import axeSource from 'axe-core/axe.min.js?raw'
import { expect } from 'vitest'
import { spaceHref, type SpaceTab } from '../lib/routes.ts'
import { CHOIR_SPACE } from './story-space-data.ts'

/** What tests of the screens of spaces share. */

/** Loads what screens load when they are opened: the first of a run is not to be the one that waits for it. */
export async function warmUp(): Promise<void> {
  await Promise.all([
    import('../views/spaces/spaces.tsx'),
    import('../views/spaces/space.tsx'),
    import('../views/spaces/join.tsx'),
    import('../views/spaces/posts/posts.tsx'),
    import('../views/spaces/posts/thread.tsx'),
    import('../views/spaces/notes/notes.tsx'),
    import('../views/spaces/notes/note-page.tsx'),
    import('../notes/note-editor.tsx'),
    import('../views/spaces/tasks/tasks.tsx'),
    import('../views/spaces/files/files.tsx'),
    import('../views/spaces/members/members.tsx'),
    import('../views/spaces/links/links.tsx'),
    import('../views/spaces/backup.tsx'),
    import('../views/spaces/search.tsx'),
    import('../views/spaces/settings/settings.tsx'),
    import('../views/settings.tsx'),
    import('../views/spaces/recovery/recovery-card.tsx'),
    import('lean-qr'),
  ])
}

/** The address of a place in the choir's space. */
export const at = (tab: SpaceTab, id?: string): string => spaceHref(CHOIR_SPACE, tab, id)

/** The field with this label. */
export const field = async (label: RegExp): Promise<HTMLElement> => {
  const named = (each: Element) => {
    const label = each.id === '' ? undefined : document.querySelector(`label[for="${CSS.escape(each.id)}"]`)
    return each.getAttribute('aria-label') ?? label?.textContent ?? ''
  }
  const match = () =>
    [...document.querySelectorAll<HTMLElement>('input, textarea, select')].find((each) =>
      label.test(named(each)),
    )
  await expect.poll(match, { message: String(label) }).toBeDefined()
  return match() ?? document.body
}

/** Edits among what a story noted. */
export const edits = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => call.startsWith('edit '))

interface Axe {
  run(
    root: Document,
    options: { runOnly: readonly string[] },
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

/** What the checker finds wrong with the page as it is. */
export async function violations(): Promise<string[]> {
  if (!('axe' in window)) {
    const script = document.createElement('script')
    script.textContent = axeSource
    document.head.append(script)
  }
  const { axe } = window as unknown as { readonly axe: Axe }
  const result = await axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  })
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
