import '@fontsource-variable/figtree/index.css'
import '@fontsource-variable/fraunces/index.css'
import './tokens.css'
import './styles/base.css'
import './styles/frame.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { startEngine } from './engine.ts'
import { takeOAuthAnswer } from './lib/oauth-answer.ts'
import { guardAddress } from './lib/secret-link.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

// before anything is drawn or a history entry is made
guardAddress()
if (!takeOAuthAnswer())
  createRoot(root).render(
    <StrictMode>
      <App start={startEngine} />
    </StrictMode>,
  )
