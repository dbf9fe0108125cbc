import { navigate } from 'wouter/use-browser-location'

let navigated = false

/** False on the screen that the browser itself opened: there the focus belongs where the browser put it. */
export function hasNavigated(): boolean {
  return navigated
}

/** Goes to an address of the app. */
export function goTo(href: string, options: { replace?: boolean } = {}): void {
  navigated = true
  navigate(href, options)
  if (options.replace !== true) window.scrollTo(0, 0)
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
    navigated = true
  }
  root.addEventListener('click', onClick)
  window.addEventListener('popstate', onBack)
  return () => {
    root.removeEventListener('click', onClick)
    window.removeEventListener('popstate', onBack)
  }
}
