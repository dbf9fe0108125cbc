import { ImagePlus } from 'lucide-react'
import { useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import type { Draft } from '../../../cairn/api.ts'
import { ErrorNote } from '../../components/error-note.tsx'
import { useAction } from '../../lib/engine-context.ts'
import { formatNumber } from '../../lib/format.ts'
import { countGraphemes } from '../../lib/graphemes.ts'
import { POST } from './hrefs.ts'
import { ChosenImages } from './images.tsx'
import { Languages, lastLanguages, rememberLanguages } from './languages.tsx'
import { MAX_IMAGES, MAX_POST, postRecord } from './post-record.ts'
import { SubjectCard, useSubject } from './subject.tsx'
import { TextPreview } from './text-preview.tsx'
import { postImages, useImages } from './use-images.ts'
import { useTextDraft } from './use-text-draft.ts'

interface PostComposerProps {
  readonly did: string
  /** at:// URIs */
  readonly reply?: string | undefined
  readonly quote?: string | undefined
  /** told when it is kept */
  readonly onDone: (draft: Draft | undefined) => void
}

/** Writes a post, a reply or a quote. What is pressed "Post" is on this disk at once, and goes when it can. */
export function PostComposer({ did, reply, quote, onDone }: PostComposerProps) {
  const [text, setText] = useTextDraft(`${did} ${reply ?? ''} ${quote ?? ''}`)
  const [langs, setLangs] = useState(lastLanguages)
  const images = useImages()
  const parent = useSubject(reply)
  const quoted = useSubject(quote)
  const action = useAction()
  const box = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const id = useId()
  const left = MAX_POST - countGraphemes(text.trim())
  const lacksAlt = images.list.some(({ alt }) => alt.trim() === '')
  const isReady = parent.value !== undefined && quoted.value !== undefined
  const isEmpty = text.trim() === '' && images.list.length === 0 && quote === undefined
  const isOff = isEmpty || left < 0 || lacksAlt || images.busy || action.running || !isReady

  const keep = async (hold: boolean) => {
    if (isOff) return
    let kept: Draft | undefined
    const done = await action.run(async (cairn) => {
      const said = text.trim()
      const rich = await cairn.writing.richText(said)
      kept = await cairn.writing.save({
        did,
        collection: POST,
        value: postRecord({
          text: said,
          rich,
          langs,
          images: postImages(images.list),
          reply: parent.value ?? undefined,
          quote: quoted.value ?? undefined,
          createdAt: new Date().toISOString(),
        }),
        mentions: rich.mentions,
        files: images.list.map(({ file }) => file),
        hold,
      })
    })
    if (!done) return
    rememberLanguages(langs)
    setText('')
    images.clear()
    onDone(kept)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void keep(false)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void keep(false)
  }

  return (
    <form className="card post-composer" onSubmit={submit} aria-labelledby={`${id}t`}>
      <label id={`${id}t`} htmlFor={`${id}x`} className="strong">
        {reply !== undefined ? 'Your reply' : quote !== undefined ? 'Your words' : 'Write a post'}
      </label>
      {reply !== undefined && <SubjectCard verb="Replying to" uri={reply} live={parent} />}
      <textarea
        ref={box}
        id={`${id}x`}
        className="input"
        rows={4}
        value={text}
        dir="auto"
        aria-describedby={`${id}c ${id}h`}
        aria-invalid={left < 0}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const pasted = [...event.clipboardData.files].filter(({ type }) => type.startsWith('image/'))
          if (pasted.length === 0) return
          event.preventDefault()
          void images.add(pasted)
        }}
      />
      {quote !== undefined && <SubjectCard verb="Quoting" uri={quote} live={quoted} />}
      <TextPreview did={did} text={text.trim()} />
      <ChosenImages images={images} />
      {images.error !== undefined && <ErrorNote error={images.error} />}
      {lacksAlt && (
        <p className="small" id={`${id}a`}>
          Say what each image shows; then it can be posted.
        </p>
      )}
      <Languages value={langs} onChange={setLangs} />
      <div className="line">
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          accept="image/*"
          aria-label="Images to post"
          onChange={(event) => {
            void images.add([...(event.target.files ?? [])])
            // the same file may be chosen again
            event.target.value = ''
          }}
        />
        <button
          type="button"
          className="btn slim"
          disabled={images.busy || images.list.length >= MAX_IMAGES}
          onClick={() => picker.current?.click()}
        >
          <ImagePlus size={16} aria-hidden="true" />
          {images.busy ? 'Preparing' : 'Add images'}
        </button>
        <span id={`${id}c`} className={left < 0 ? 'problem num' : 'small num'}>
          {left < 0 ? `${formatNumber(-left)} too many` : `${formatNumber(left)} left`}
        </span>
        <button
          type="button"
          className="btn slim plain push"
          disabled={isOff}
          onClick={() => void keep(true)}
        >
          Keep as draft
        </button>
        <button type="submit" className="btn go" disabled={isOff}>
          {reply === undefined ? 'Post' : 'Reply'}
        </button>
      </div>
      <p id={`${id}h`} className="small faint">
        Works without a network too: it goes when your server can be reached. Images are made anew, without
        what the camera wrote into them.
      </p>
      {action.error !== undefined && <ErrorNote error={action.error} />}
    </form>
  )
}
