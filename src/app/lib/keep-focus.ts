/**
 * A control that is disabled while its work runs loses the focus, and who uses the keyboard their place. It gets the
 * focus back when it can be used again, unless that went elsewhere meanwhile. Returns what ends it.
 */
export function keepFocus(root: Document): () => void {
  let left: HTMLElement | undefined
  const onDisabled = (changes: readonly MutationRecord[]): void => {
    for (const { target } of changes) {
      if (!(target instanceof HTMLElement)) continue
      if (target.matches(':disabled')) {
        // the browser takes the focus away with the next frame only
        if (target === root.activeElement) left = target
      } else if (target === left) {
        left = undefined
        if (root.activeElement === root.body) target.focus({ preventScroll: true })
      }
    }
  }
  const onMovedOn = (): void => {
    left = undefined
  }
  const observer = new MutationObserver(onDisabled)
  observer.observe(root, { subtree: true, attributeFilter: ['disabled'] })
  root.addEventListener('focusin', onMovedOn)
  root.addEventListener('pointerdown', onMovedOn)
  return () => {
    observer.disconnect()
    root.removeEventListener('focusin', onMovedOn)
    root.removeEventListener('pointerdown', onMovedOn)
  }
}
