import type { Cairn } from '../../cairn/api.ts'

/** Asks the browser to keep the storage for good, and notes that it was asked. True when it agreed. */
export async function askToKeep(cairn: Cairn | undefined): Promise<boolean> {
  const granted = await navigator.storage.persist()
  await cairn?.device.persistAsked()
  return granted
}
