import { useEffect, useState } from 'react'

/**
 * True while files are dragged over the page; `onFiles` gets what is dropped. It hears them before the window does,
 * which would take them for backups to open.
 */
export function useDropHere(onFiles: (files: readonly File[]) => void, isOn: boolean): boolean {
  const [over, setOver] = useState(false)
  useEffect(() => {
    if (!isOn) return
    // every element entered and left is reported: only the balance tells when the page is left
    let depth = 0
    const count = (step: number) => (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.stopPropagation()
      depth = Math.max(0, depth + step)
      setOver(depth > 0)
    }
    const enter = count(1)
    const leave = count(-1)
    const hold = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      event.stopPropagation()
    }
    const drop = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      event.stopPropagation()
      depth = 0
      setOver(false)
      onFiles([...event.dataTransfer.files])
    }
    document.addEventListener('dragenter', enter)
    document.addEventListener('dragleave', leave)
    document.addEventListener('dragover', hold)
    document.addEventListener('drop', drop)
    return () => {
      document.removeEventListener('dragenter', enter)
      document.removeEventListener('dragleave', leave)
      document.removeEventListener('dragover', hold)
      document.removeEventListener('drop', drop)
    }
  }, [onFiles, isOn])
  return over
}
