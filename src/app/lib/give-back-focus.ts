/**
 * Gives the focus back to what opened a dialog. Where that is gone, or goes by what was answered (a row that was
 * removed), the heading of the screen gets it, unless the person has gone on meanwhile.
 */
export function giveBackFocus(opener: Element | null): void {
  if (!(opener instanceof HTMLElement) || opener === document.body) return
  if (!opener.isConnected) {
    focusHeading()
    return
  }
  opener.focus()
  const watch = new MutationObserver(() => {
    if (opener.isConnected) return
    stop()
    if (document.activeElement === document.body) focusHeading()
  })
  const stop = (): void => {
    watch.disconnect()
    document.removeEventListener('focusin', stop)
  }
  watch.observe(document.body, { childList: true, subtree: true })
  document.addEventListener('focusin', stop)
}

function focusHeading(): void {
  document.querySelector<HTMLElement>('main :is(h1, h2)[tabindex]')?.focus({ preventScroll: true })
}
