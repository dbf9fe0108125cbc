import type { JoinPreview } from '../../../cairn/api.ts'
import type { CairnError } from '../../../core/errors.ts'
import { Empty, Loading } from '../../components/bits.tsx'
import { ErrorNote } from '../../components/error-note.tsx'
import { Title } from '../../components/screen.tsx'
import { goTo } from '../../lib/navigate.ts'
import { spaceHref } from '../../lib/routes.ts'
import { dropSecretLink, useSecretLink } from '../../lib/secret-link.ts'
import { useOnce } from '../../spaces/use-once.ts'
import '../../styles/library.css'
import '../../styles/keep.css'
import '../../styles/spaces.css'
import { AddDevice } from './add-device.tsx'
import { JoinAsk } from './join-ask.tsx'
import { OpenLinkForm } from './open-link.tsx'

/** Where a link into a space leads: what it opens, and a question before anything is done. */
export function JoinScreen() {
  const link = useSecretLink()
  if (link === undefined) return <NoLink />
  if (link.kind === 'device') return <AddDevice key={link.url} link={link.url} onLater={later} />
  return <Opened key={link.url} link={link.url} />
}

const later = () => {
  dropSecretLink()
  goTo('/spaces', { replace: true })
}

function Opened({ link }: { readonly link: string }) {
  // the answer is kept nowhere: the link would be part of its name
  const { value: preview, error, again } = useOnce((cairn) => cairn.spaces.preview(link))
  if (error !== undefined) {
    return (
      <>
        <Head title="Join a space" />
        <ErrorNote error={error}>
          {!isFinal(error) && (
            <button type="button" className="btn slim" onClick={again}>
              Try again
            </button>
          )}
          <button type="button" className="btn slim plain" onClick={later}>
            Go to Spaces
          </button>
        </ErrorNote>
      </>
    )
  }
  if (preview === undefined) {
    return (
      <>
        <Head title="Join a space" />
        <Loading label="Opening the link" />
      </>
    )
  }
  if (preview.isMember) return <AlreadyIn preview={preview} />
  return <JoinAsk link={link} preview={preview} onLater={later} />
}

/** Asking again would give the same answer. */
const isFinal = ({ code }: CairnError): boolean =>
  /^spaces\.(link-(?!unknown)|capability|device|version)/.test(code)

function Head({ title }: { readonly title: string }) {
  return (
    <div className="head">
      <Title tab="Join a space">{title}</Title>
    </div>
  )
}

function AlreadyIn({ preview }: { readonly preview: JoinPreview }) {
  const open = () => {
    dropSecretLink()
    goTo(spaceHref(preview.space), { replace: true })
  }
  return (
    <>
      <Head title={preview.title} />
      <div className="card">
        <Empty
          title="You are in this space already"
          action={
            <button type="button" className="btn go" onClick={open}>
              Open it
            </button>
          }
        >
          The link was not used up by opening it here.
        </Empty>
      </div>
    </>
  )
}

function NoLink() {
  return (
    <>
      <Head title="Join a space" />
      <p className="join-hint">
        Links into a space are never kept by the browser. Open yours once more from where you got it, or paste
        it here.
      </p>
      <OpenLinkForm />
    </>
  )
}
