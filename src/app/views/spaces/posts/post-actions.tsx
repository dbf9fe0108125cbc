import { MoreHorizontal } from 'lucide-react'
import { useState } from 'react'
import type { Entity } from '../../../../cairn/api.ts'
import { Confirm } from '../../../components/confirm.tsx'
import { ErrorNote } from '../../../components/error-note.tsx'
import { useAction } from '../../../lib/engine-context.ts'
import { useHere } from '../../../spaces/here.ts'
import { itemOf } from '../../../spaces/items.ts'
import { HistoryDialog } from '../history.tsx'
import { ItemTools } from '../parts/item-tools.tsx'
import { Menu } from '../parts/menu.tsx'
import { EditPostDialog } from './edit-post.tsx'

/** Everything that can be done with a post besides answering it. */
export function PostActions({ post }: { readonly post: Entity<'post'> }) {
  const { space, detail, canWrite, nameOf } = useHere()
  const [asking, setAsking] = useState<'delete' | 'history' | 'edit'>()
  const [said, setSaid] = useState('')
  const action = useAction()
  const close = () => setAsking(undefined)
  const isMine = post.by === detail.person
  const item = itemOf(post)
  const { text = '' } = post.fields
  const copy = () =>
    void navigator.clipboard.writeText(text).then(
      () => setSaid('Copied.'),
      () => setSaid('The browser does not let Cairn copy. Select the text and copy it yourself.'),
    )
  return (
    <>
      <Menu label={`More about the post of ${nameOf(post.by)}`} icon={<MoreHorizontal size={16} />}>
        <ItemTools item={item} hidden={post.hidden} run={action.run} />
        {isMine && canWrite && (
          <button type="button" onClick={() => setAsking('edit')}>
            Edit
          </button>
        )}
        {text !== '' && (
          <button type="button" onClick={copy}>
            Copy the text
          </button>
        )}
        <button type="button" onClick={() => setAsking('history')}>
          History
        </button>
        {isMine && canWrite && (
          <button type="button" className="danger" onClick={() => setAsking('delete')}>
            Delete
          </button>
        )}
      </Menu>
      <span className={said === '' ? 'hidden-text' : 'small'} role="status">
        {said}
      </span>
      {action.error !== undefined && asking === undefined && <ErrorNote error={action.error} />}
      {asking === 'history' && <HistoryDialog item={item} onClose={close} />}
      {asking === 'edit' && <EditPostDialog post={post} onClose={close} />}
      {asking === 'delete' && (
        <Confirm
          title="Delete this post?"
          confirm="Delete"
          busy={action.running}
          error={action.error}
          onClose={close}
          onConfirm={() =>
            void action
              .run((cairn) =>
                cairn.spaces.edit(space, [{ kind: 'post', id: post.id, set: { deleted: true } }]),
              )
              .then((done) => done && close())
          }
        >
          <p>
            It disappears for everyone once their devices have heard of it. Whoever has read it has read it;
            its replies stay.
          </p>
        </Confirm>
      )}
    </>
  )
}
