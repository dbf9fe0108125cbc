import { useId, useRef, useState, type FormEvent } from 'react'
import type { Draft } from '../../../cairn/api.ts'
import type { CairnError } from '../../../core/errors.ts'
import { blobRef, fields, str } from '../../cards/read.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useBlobImage } from '../../lib/blob-image.ts'
import { useAction } from '../../lib/engine-context.ts'
import { formatNumber } from '../../lib/format.ts'
import { countGraphemes } from '../../lib/graphemes.ts'
import { toCairnError } from '../../lib/to-cairn-error.ts'
import { blobJson } from './blob-ref.ts'
import { useObjectUrl } from './use-object-url.ts'
import { PROFILE_IMAGE, shrinkImage } from './shrink-image.ts'

/** What a profile may hold (app.bsky.actor.profile), graphemes. */
const MAX_NAME = 64
const MAX_DESCRIPTION = 256

/** A picture as it was, one that was chosen, or none. */
type Picture = 'as-it-was' | 'none' | Blob

interface ProfileEditorProps {
  readonly did: string
  readonly value: unknown
  readonly base: string | undefined
  readonly onDone: (draft: Draft | undefined) => void
}

/** Name, words and pictures of one's profile. Whatever else the record holds stays in it. */
export function ProfileEditor({ did, value, base, onDone }: ProfileEditorProps) {
  const before = fields(value) ?? {}
  const [name, setName] = useState(str(before, 'displayName') ?? '')
  const [description, setDescription] = useState(str(before, 'description') ?? '')
  const [avatar, setAvatar] = useState<Picture>('as-it-was')
  const [banner, setBanner] = useState<Picture>('as-it-was')
  const action = useAction()
  const id = useId()
  const overName = countGraphemes(name.trim()) - MAX_NAME
  const overWords = countGraphemes(description.trim()) - MAX_DESCRIPTION

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (overName > 0 || overWords > 0 || action.running) return
    void action.run(async (cairn) => {
      const next: Record<string, unknown> = { ...before, $type: 'app.bsky.actor.profile' }
      const set = (field: string, to: unknown) => {
        if (to === undefined) delete next[field]
        else next[field] = to
      }
      set('displayName', name.trim() === '' ? undefined : name.trim())
      set('description', description.trim() === '' ? undefined : description.trim())
      const files: Blob[] = []
      for (const [field, picture] of [
        ['avatar', avatar],
        ['banner', banner],
      ] as const) {
        if (picture === 'none') set(field, undefined)
        if (!(picture instanceof Blob)) continue
        files.push(picture)
        set(field, await blobJson(picture))
      }
      onDone(
        await cairn.writing.save({
          did,
          collection: 'app.bsky.actor.profile',
          rkey: 'self',
          value: next,
          files,
          ...(base === undefined ? {} : { base }),
        }),
      )
    })
  }

  return (
    <form className="card post-composer" onSubmit={submit} aria-label="Profile">
      <div className="field">
        <label htmlFor={`${id}n`}>Name</label>
        <input
          id={`${id}n`}
          className="input"
          value={name}
          dir="auto"
          aria-invalid={overName > 0}
          aria-describedby={`${id}no`}
          onChange={(event) => setName(event.target.value)}
        />
        <Over id={`${id}no`} by={overName} />
      </div>
      <div className="field">
        <label htmlFor={`${id}d`}>About you</label>
        <textarea
          id={`${id}d`}
          className="input"
          rows={4}
          value={description}
          dir="auto"
          aria-invalid={overWords > 0}
          aria-describedby={`${id}do`}
          onChange={(event) => setDescription(event.target.value)}
        />
        <Over id={`${id}do`} by={overWords} />
      </div>
      <PictureField did={did} label="Picture" was={before['avatar']} picture={avatar} onChange={setAvatar} />
      <PictureField
        did={did}
        label="Banner"
        was={before['banner']}
        picture={banner}
        onChange={setBanner}
        wide
      />
      <div className="line">
        <button
          type="submit"
          className="btn go push"
          disabled={action.running || overName > 0 || overWords > 0}
        >
          Save profile
        </button>
      </div>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}

function Over({ id, by }: { readonly id: string; readonly by: number }) {
  return (
    <span id={id} className="problem">
      {by > 0 ? `${formatNumber(by)} too many` : ''}
    </span>
  )
}

interface PictureFieldProps {
  readonly did: string
  readonly label: string
  readonly was: unknown
  readonly picture: Picture
  readonly onChange: (picture: Picture) => void
  readonly wide?: boolean
}

function PictureField({ did, label, was, picture, onChange, wide = false }: PictureFieldProps) {
  const kept = useBlobImage(did, picture === 'as-it-was' ? blobRef(was)?.cid : undefined)
  const chosen = useObjectUrl(picture instanceof Blob ? picture : undefined)
  const [error, setError] = useState<CairnError>()
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  const url = picture === 'as-it-was' ? kept : chosen
  const has = picture instanceof Blob || (picture === 'as-it-was' && was !== undefined)
  const choose = async (file: File | undefined) => {
    if (file === undefined) return
    setError(undefined)
    try {
      onChange((await shrinkImage(file, PROFILE_IMAGE)).file)
    } catch (cause) {
      setError(toCairnError(cause))
    }
  }
  return (
    <div className="field" role="group" aria-labelledby={id}>
      <span className="label" id={id}>
        {label}
      </span>
      <div className="line">
        {url === undefined ? (
          <span className={wide ? 'profile-picture wide' : 'profile-picture'} />
        ) : (
          <img className={wide ? 'profile-picture wide' : 'profile-picture'} src={url} alt={label} />
        )}
        <input
          ref={input}
          type="file"
          hidden
          accept="image/*"
          aria-label={label}
          onChange={(event) => {
            void choose(event.target.files?.[0])
            // the same file may be chosen again
            event.target.value = ''
          }}
        />
        <button type="button" className="btn slim" onClick={() => input.current?.click()}>
          {has ? 'Choose another' : 'Choose one'}
        </button>
        {has && (
          <button type="button" className="btn slim plain" onClick={() => onChange('none')}>
            Take it away
          </button>
        )}
      </div>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  )
}
