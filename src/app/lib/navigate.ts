import { navigate } from 'wouter/use-browser-location'
import { holdSecretLink, JOIN_PATH, readSecretLink } from './secret-link.ts'

let wantsFocus = false

/**
 * Whether the title of a screen that has just come should take the focus. False on the screen that the browser
 * itself opened: there the focus belongs where the browser put it. False again once the person has moved on by
 * Tab: what comes late must not pull the focus from under a key that is being pressed.
 */
export function titleTakesFocus(): boolean {
  return wantsFocus
}

/** Goes to an address of the app. */
export function goTo(href: string, options: { replace?: boolean } = {}): void {
  wantsFocus = true
  navigate(href, options)
  if (options.replace !== true) window.scrollTo(0, 0)
}

/**
 * Where an answer leads that may be long in coming. Whoever has gone elsewhere since this was called stays there.
 */
export function goOnFromHere(): typeof goTo {
  const here = location.href
  return (href, options) => {
    if (location.href === here) goTo(href, options)
  }
}

/**
 * Every link of the app is a plain `<a href>`: it can be copied, opened in a tab, and works before the
 * script has arrived. This takes the ordinary clicks on links to our own screens and stays on the page.
 */
export function followLinks(root: Document): () => void {
  const onClick = (event: MouseEvent) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.hasAttribute('download')) return
    const url = new URL(link.href, location.href)
    if (url.origin !== location.origin || url.protocol !== location.protocol) return
    if (readSecretLink(url.href) !== undefined) {
      // what it opens must not enter the history
      event.preventDefault()
      holdSecretLink(url.href)
      goTo(JOIN_PATH)
      return
    }
    if (url.hash.startsWith('#/')) {
      // an address behind the #
      event.preventDefault()
      goTo(url.pathname + url.search + url.hash)
      return
    }
    if (url.hash !== '') {
      // the skip link: the focus moves, the address does not
      event.preventDefault()
      root.getElementById(url.hash.slice(1))?.focus()
      return
    }
    event.preventDefault()
    goTo(url.pathname + url.search)
  }
  const onBack = () => {
    wantsFocus = true
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Tab') wantsFocus = false
  }
  root.addEventListener('click', onClick)
  root.addEventListener('keydown', onKey)
  window.addEventListener('popstate', onBack)
  return () => {
    root.removeEventListener('click', onClick)
    root.removeEventListener('keydown', onKey)
    window.removeEventListener('popstate', onBack)
  }
}
