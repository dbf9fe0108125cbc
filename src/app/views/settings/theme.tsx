import { useState } from 'react'
import { setTheme, storedTheme, THEMES, type Theme } from '../../lib/theme.ts'

const LABELS: Readonly<Record<Theme, string>> = { system: 'As the system', light: 'Light', dark: 'Dark' }

/** Light, dark, or whatever the system shows. */
export function ThemeField() {
  const [theme, setShown] = useState(storedTheme)
  return (
    <div className="segments" role="group" aria-labelledby="set-theme">
      {THEMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === theme}
          onClick={() => {
            setTheme(name)
            setShown(name)
          }}
        >
          {LABELS[name]}
        </button>
      ))}
    </div>
  )
}
