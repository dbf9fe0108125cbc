import { useId, useState, type FormEvent } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { closeDialog, Dialog } from '../../../components/dialog.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { MAX_TEXT } from '../../../spaces/limits.ts'
import { mentioned } from '../../../spaces/mentions.ts'

interface EditPostDialogProps {
  readonly post: Entity<'post'>
  readonly onClose: () => void
}

/** Changes the text of one's own post. What it was before stays in its history. */
export function EditPostDialog({ post, onClose }: EditPostDialogProps) {
  const { space, detail } = useHere()
  const id = useId()
  const [text, setText] = useState(post.fields.text ?? '')
  const action = useAction()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const said = text.trim()
    const mentions = mentioned(said, detail.persons)
    void action
      .run((cairn) =>
        cairn.spaces.edit(space, [{ kind: 'post', id: post.id, set: { text: said, mentions } }]),
      )
      .then((done) => done && onClose())
  }
  return (
    <Dialog title="Edit the post" onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={id}>Text</label>
          <textarea
            id={id}
            className="input grows"
            rows={4}
            value={text}
            maxLength={MAX_TEXT}
            dir="auto"
            onChange={(event) => setText(event.target.value)}
          />
          <span className="small">What it said before stays in its history, for everyone here.</span>
        </div>
        {action.error !== undefined && <ErrorNote error={action.error} />}
        <div className="line">
          <button type="button" className="btn" onClick={closeDialog}>
            Cancel
          </button>
          <button
            type="submit"
            className="btn go"
            disabled={action.running || (text.trim() === '' && (post.fields.files ?? []).length === 0)}
          >
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}
