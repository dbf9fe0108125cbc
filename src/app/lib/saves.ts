import { useSyncExternalStore } from 'react'

/** Files that this page writes to the disk of a person right now. */
let running = 0
const listeners = new Set<() => void>()

/** Counts as a file being saved for as long as this takes. */
export async function whileSaving<T>(work: () => Promise<T>): Promise<T> {
  change(1)
  try {
    return await work()
  } finally {
    change(-1)
  }
}

/** Whether a file is being saved: to reload the page would cut it off. */
export const useSaving = (): boolean => useSyncExternalStore(subscribe, isSaving, isSaving)

function change(by: number): void {
  running += by
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const isSaving = (): boolean => running > 0
