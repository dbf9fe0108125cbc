import { useEffect, useState } from 'react'
import { CairnError } from '../../core/errors.ts'
import type { Action } from './engine-context.ts'

/** The picker's filter; what a file really is, its bytes say. */
export const CAR_ACCEPT = '.car,application/vnd.ipld.car'

/** Starts an import for each CAR file. One that is plainly something else is said to be, not tried. */
export function openCarFiles(files: readonly File[], run: Action['run']): Promise<boolean> {
  return run(async (cairn) => {
    for (const file of files) {
      if (!file.name.toLowerCase().endsWith('.car') && /^(image|video|audio|text)\//.test(file.type)) {
        throw new CairnError('app.not-a-car', { name: file.name })
      }
      await cairn.library.importFile(file, file.name)
    }
  })
}

/** True while files are dragged over the window; `onFiles` gets what is dropped anywhere on it. */
export function useFileDrop(onFiles: (files: readonly File[]) => void): boolean {
  const [over, setOver] = useState(false)
  useEffect(() => {
    // every element entered and left is reported: only the balance tells when the window is left
    let depth = 0
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return
      depth++
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (!hasFiles(event)) return
      depth = Math.max(0, depth - 1)
      setOver(depth > 0)
    }
    const hold = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault()
    }
    const drop = (event: DragEvent) => {
      depth = 0
      setOver(false)
      if (!hasFiles(event)) return
      event.preventDefault()
      onFiles([...(event.dataTransfer?.files ?? [])])
    }
    addEventListener('dragenter', enter)
    addEventListener('dragleave', leave)
    addEventListener('dragover', hold)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragenter', enter)
      removeEventListener('dragleave', leave)
      removeEventListener('dragover', hold)
      removeEventListener('drop', drop)
    }
  }, [onFiles])
  return over
}

interface LaunchParams {
  readonly files: readonly { getFile(): Promise<File> }[]
}

/** Files that the system opens with the installed app (File Handling API, Chromium). */
export function onLaunchFiles(onFiles: (files: readonly File[]) => void): void {
  // not in TypeScript's DOM library yet
  const queue = (window as { launchQueue?: { setConsumer(take: (params: LaunchParams) => void): void } })
    .launchQueue
  queue?.setConsumer((params) => {
    if (params.files.length === 0) return
    Promise.all(params.files.map((handle) => handle.getFile())).then(
      onFiles,
      // moved or deleted meanwhile: nothing to open
      () => {},
    )
  })
}
