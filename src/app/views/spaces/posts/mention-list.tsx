import { plural } from '../../../lib/format.ts'
import { personName } from '../../../spaces/here.ts'
import { optionId, type MentionListState } from '../../../spaces/use-mention-list.ts'
import { PersonAvatar } from '../parts/person-avatar.tsx'

/** The members that are offered. The focus stays in the text; a press on one takes it. */
export function MentionList({ list }: { readonly list: MentionListState }) {
  const { id, persons, active, pick } = list
  return (
    <>
      <span className="hidden-text" role="status">
        {persons.length === 0 ? '' : `${plural(persons.length, 'member')} to name. Arrow keys choose.`}
      </span>
      {persons.length > 0 && (
        <div id={id} className="card mention-list" role="listbox" aria-label="Members to name">
          {persons.map((person, index) => (
            // the text field hears the keys, and says which one is active
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={person.person}
              id={optionId(id, index)}
              role="option"
              aria-selected={index === active}
              tabIndex={-1}
              // the text must not lose the focus before the press counts
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(person)}
            >
              <PersonAvatar person={person.person} size={24} />
              <bdi className="clip">{personName(person)}</bdi>
            </div>
          ))}
        </div>
      )}
    </>
  )
}
