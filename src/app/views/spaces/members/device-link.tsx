import { useEffect, useRef, useState } from 'react'
import { Loading } from '../../../components/bits.tsx'
import { Countdown } from '../../../components/countdown.tsx'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { QrCode } from '../../../components/qr-code.tsx'
import { useHere } from '../../../spaces/here.ts'
import { useOnce } from '../../../spaces/use-once.ts'
import { CopyField } from '../parts/copy-field.tsx'
import '../../../styles/share.css'

/** Shows a code that makes another device one of this person's. Each opening makes a fresh one. */
export function DeviceLinkDialog({ onClose }: { readonly onClose: () => void }) {
  const { space, detail } = useHere()
  const ownDevices = detail.persons
    .filter(({ isSelf }) => isSelf)
    .flatMap(({ devices }) => devices.filter(({ isRecovery }) => !isRecovery).map(({ device }) => device))
  const [before, setBefore] = useState<readonly string[]>(ownDevices)
  const isUsed = ownDevices.some((device) => !before.includes(device))
  const { value: made, error, again } = useOnce((cairn) => cairn.spaces.deviceLink(space))
  const done = useRef<HTMLButtonElement>(null)
  const isOver = useIsPast(made?.expiresAt) && !isUsed
  return (
    <Dialog title="Add another device of yours" describedBy="device-link" onClose={onClose}>
      <div className="stack share">
        <p id="device-link">
          Open this on your other device, while this one stays on. Whoever opens it becomes you here, so show
          it to nobody else.
        </p>
        {error !== undefined && (
          <ErrorNote error={error}>
            <button type="button" className="btn slim" onClick={again}>
              Try again
            </button>
          </ErrorNote>
        )}
        {made === undefined && error === undefined && <Loading label="Making the link" />}
        {made !== undefined && !isOver && !isUsed && (
          <>
            <QrCode text={made.url} label="QR code of the link for your other device" />
            <CopyField value={made.url} label="Link" />
            <p className="small">
              It works once, and ends <Countdown at={made.expiresAt} />.
            </p>
          </>
        )}
        <div role="status">
          {isOver && <p>This link has ended. Whoever opens it now is told so.</p>}
          {isUsed && (
            <p>A device of yours was added by this link. It is under Members, where it can be removed.</p>
          )}
        </div>
        <div className="line">
          {(isOver || isUsed) && (
            <button
              type="button"
              className="btn go"
              onClick={() => {
                setBefore(ownDevices)
                again()
                // this one goes, and the focus must not go with it
                done.current?.focus()
              }}
            >
              Make another
            </button>
          )}
          <button ref={done} type="button" className="btn" onClick={closeDialog}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  )
}

/** Whether this time has come, ms since 1970. */
function useIsPast(at: number | undefined): boolean {
  const [past, setPast] = useState<number>()
  useEffect(() => {
    if (at === undefined) return undefined
    const timer = setTimeout(() => setPast(at), Math.max(0, at - Date.now()))
    return () => clearTimeout(timer)
  }, [at])
  return at !== undefined && past === at
}
