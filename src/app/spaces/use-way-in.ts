import { useState, type FormEvent } from 'react'
import type { Cairn, SpaceSummary } from '../../cairn/api.ts'
import { useAction } from '../lib/engine-context.ts'
import { goTo } from '../lib/navigate.ts'
import { spaceHref } from '../lib/routes.ts'
import { dropSecretLink } from '../lib/secret-link.ts'
import { lastName, rememberName } from './last-name.ts'

/** Forgets the link by which one came, and shows the space that it led to. */
export function arrive(space: string): void {
  dropSecretLink()
  goTo(spaceHref(space), { replace: true })
}

/**
 * A form by which a person comes into a space: it asks for a name, goes in, forgets the link, and shows the space.
 *
 * @param id of the name's field, which is shown what lacks
 */
export function useWayIn(id: string, enter: (cairn: Cairn, name: string) => Promise<SpaceSummary>) {
  const [name, setName] = useState(lastName)
  const [checked, setChecked] = useState(false)
  const action = useAction()
  const lacksName = name.trim() === ''
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setChecked(true)
    if (lacksName) {
      document.getElementById(id)?.focus()
      return
    }
    let space = ''
    void action
      .run(async (cairn) => {
        space = (await enter(cairn, name.trim())).space
      })
      .then((done) => {
        if (!done) return
        rememberName(name)
        arrive(space)
      })
  }
  return {
    submit,
    field: { id, value: name, isMissing: checked && lacksName, onChange: setName },
    error: action.error,
    running: action.running,
  }
}
