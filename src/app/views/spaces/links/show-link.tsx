import type { JoinLink } from '../../../../cairn/api.ts'
import { Ago } from '../../../components/bits.tsx'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { QrCode } from '../../../components/qr-code.tsx'
import { plural } from '../../../lib/format.ts'
import { useHere } from '../../../spaces/here.ts'
import { LINK_MEANS } from '../../../spaces/sentences.ts'
import { CopyField } from '../parts/copy-field.tsx'
import '../../../styles/share.css'

interface ShowLinkDialogProps {
  readonly link: JoinLink
  readonly url: string
  readonly onClose: () => void
}

/** A link to be sent or scanned. */
export function ShowLinkDialog({ link, url, onClose }: ShowLinkDialogProps) {
  const { detail } = useHere()
  return (
    <Dialog title={`A way into ${detail.title}`} onClose={onClose}>
      <LinkToSend link={link} url={url} />
    </Dialog>
  )
}

/** The link, its code, and what it does to whoever gets it. */
export function LinkToSend({ link, url }: Omit<ShowLinkDialogProps, 'onClose'>) {
  const { detail } = useHere()
  const left = link.uses - link.joined.length
  return (
    <div className="stack share">
      <QrCode text={url} label={`QR code of the link into ${detail.title}`} />
      <CopyField value={url} label="Link" />
      <p className="small">
        {LINK_MEANS[link.kind]} {plural(left, 'person', 'people')} can still come by it
        {link.expiresAt === undefined ? (
          '.'
        ) : (
          <>
            , and it ends <Ago at={link.expiresAt} />.
          </>
        )}{' '}
        You see who came, and can revoke it.
      </p>
      <div className="line">
        <button type="button" className="btn" onClick={closeDialog}>
          Done
        </button>
      </div>
    </div>
  )
}
