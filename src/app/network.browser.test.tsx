import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { repoHref } from './lib/routes.ts'
import { button, check, dialog, find, leave, open, see, text } from './testing/on-screen.tsx'
import { createStory } from './testing/story-cairn.ts'
import { CHOIR, JUN, MIRELA } from './testing/story-data.ts'
import { JUNS, PEERS, STRANGER, TOVES } from './testing/story-network.ts'

afterEach(leave)

describe('the Network screen', () => {
  it('says who is connected, how, why not directly, and what moves', async () => {
    open('/network')
    await see(/Three devices connected, 1 of 3 relays in reach\./)
    await see(/28\.4 MB of 46\.0 MB, 8\.6 MB\/s, 2 s left/)
    await see(/No direct way between the two networks was found\./)
    await see(/The relay is full for now\./)
    await see(/Next try in \d+ s/)
    await see(/41\.2 MB in, 18\.9 MB out/)
    expect(document.querySelector('nav [aria-current]')?.textContent).toBe('Network')
  })

  it('syncs now and says when it has', async () => {
    const story = open('/network')
    await userEvent.click(await button(/^Sync now/))
    await see(/Everyone in reach was asked/)
    expect(story.calls).toContain('catchUp')
  })

  it('adds a relay by its address, with what is wrong at the field', async () => {
    const story = open('/network')
    const field = await find('input[type=url]')
    await userEvent.click(await button(/^Add$/))
    await see(/Enter the web address of a relay/)
    expect(document.activeElement).toBe(field)
    await userEvent.type(field, 'https://example.org{Enter}')
    await see(/There is no relay at that address\./)
    expect(field.getAttribute('aria-invalid')).toBe('true')
    await userEvent.clear(field)
    await userEvent.type(field, 'relay.example.org{Enter}')
    await expect.poll(() => story.calls).toContain('addRelay https://relay.example.org')
    await expect.poll(() => (field as HTMLInputElement).value).toBe('')
  })

  it('removes a relay only when that is confirmed, and never its own', async () => {
    const story = open('/network')
    await userEvent.click(await button(/^Remove the relay relay\.tidewater/))
    await expect.poll(dialog).toMatch(/will not find yours any more/)
    await userEvent.keyboard('{Escape}')
    await expect.poll(dialog).toBeUndefined()
    expect(story.calls).toEqual([])
    await userEvent.click(await button(/^Remove the relay relay\.tidewater/))
    await userEvent.click(await button(/^Remove it/))
    await expect.poll(() => story.calls).toEqual(['removeRelay https://relay.tidewater.example/'])
    expect(
      [...document.querySelectorAll('button')].some((each) => /relay cairn\./.test(each.textContent ?? '')),
    ).toBe(false)
  })

  it('renames a peer in place by keys alone', async () => {
    const story = open('/network')
    const pencil = await button(/^Rename Device …/)
    pencil.focus()
    await userEvent.keyboard('{Enter}')
    await find('.peer-rename input')
    await userEvent.keyboard('Ana{Escape}')
    await expect.poll(() => document.activeElement?.getAttribute('aria-label')).toMatch(/^Rename Device/)
    expect(story.calls).toEqual([])
    await userEvent.keyboard('{Enter}')
    await find('.peer-rename input')
    await userEvent.keyboard('Ana{Enter}')
    await expect.poll(() => story.calls).toEqual([`namePeer ${STRANGER} Ana`])
  })

  it('is turned off and on again, and says that all else works without it', async () => {
    const story = open('/network')
    await userEvent.click(await check(/Be part of the network/))
    await see(/You are not part of the network/)
    await see(/Everything on this device works without it/)
    await userEvent.click(await button(/^Turn it on/))
    await see(/Three devices connected/)
    expect(story.calls).toEqual([
      'network.setSettings {"enabled":false}',
      'network.setSettings {"enabled":true}',
    ])
  })

  it('hides the address, and takes STUN servers only in their form', async () => {
    const story = open('/network')
    const servers = await find('textarea')
    await userEvent.clear(servers)
    await userEvent.type(servers, 'stun.example.org')
    await userEvent.click(await button(/^Save$/))
    await see(/is no STUN server/)
    expect(story.calls).toEqual([])
    await userEvent.clear(servers)
    await userEvent.type(servers, 'stun:stun.example.org:3478')
    await userEvent.click(await button(/^Save$/))
    await expect
      .poll(() => story.calls)
      .toEqual(['network.setSettings {"stun":["stun:stun.example.org:3478"]}'])
    await userEvent.click(await check(/Hide this device’s address/))
    await expect.poll(() => story.calls[1]).toBe('network.setSettings {"relayOnly":true}')
  })

  it('is calm when no relay answers, and says what the browser does when closed', async () => {
    const [, , away] = (await createStory().cairn.network.status()).relays
    if (away === undefined) throw new Error('the story has three relays')
    open('/network', {
      network: { status: { relays: [away], peers: [], transfers: [], background: 'none' }, agreements: [] },
    })
    await expect.poll(text).toMatch(/No relay is reachable\.Everything on this device works without it/)
    await see(/This browser runs nothing while Cairn is closed/)
    await see(/Promise each other to keep a copy/)
  })
})

describe('agreements', () => {
  it('accepts and declines what is offered, and takes an offer back', async () => {
    const story = open('/network')
    await see(/They offer to keep Tidewater Choir for you, and ask you to keep Rosa Lind for them\./)
    await userEvent.click(await button(/^Accept/))
    await userEvent.click(await button(/^Decline/))
    await userEvent.click(await button(/^Take back/))
    await expect
      .poll(() => story.calls)
      .toEqual(['accept incoming', 'endAgreement incoming false', 'endAgreement offered false'])
  })

  it('ends one, and asks for the copy to be deleted only when told to', async () => {
    const story = open('/network')
    await userEvent.click(await button(/^End the agreement/))
    await expect.poll(dialog).toMatch(/The copies that exist stay where they are/)
    await userEvent.click(await button(/^End it$/))
    await expect.poll(() => story.calls).toEqual(['endAgreement active false'])
    await userEvent.click(await button(/^End the agreement/))
    await userEvent.click(await check(/ask them to delete their copy of Mirela Okafor/))
    expect(dialog()).toMatch(/Your own copy of Jun Haru is deleted from this device too/)
    await userEvent.click(await button(/^End it and delete/))
    await expect.poll(() => story.calls[1]).toBe('endAgreement active true')
  })

  it('is offered to whom it was when the dialog was opened', async () => {
    const peers = [...PEERS]
    const story = open('/network', { network: { status: { peers } } })
    await userEvent.click(await button(/^Offer one/))
    const [who] = [...document.querySelectorAll<HTMLSelectElement>('dialog select')]
    if (who === undefined) throw new Error('a choice')
    await expect.poll(() => who.value).toBe(JUNS)
    peers.reverse()
    story.emit({ type: 'network' })
    await expect.poll(() => who.options[0]?.value).toBe(STRANGER)
    expect(who.value).toBe(JUNS)
    await userEvent.click(await button(/^Offer it/))
    await expect.poll(() => story.calls).toEqual([`offer ${JSON.stringify({ peer: JUNS, ours: MIRELA })}`])
  })

  it('offers one, with a DID that is checked', async () => {
    const story = open('/network')
    await userEvent.click(await button(/^Offer one/))
    const [who, , theirs] = [...document.querySelectorAll<HTMLSelectElement>('dialog select')]
    if (who === undefined || theirs === undefined) throw new Error('three choices')
    await expect.poll(() => who.textContent).toMatch(/Tove’s phone/)
    await userEvent.selectOptions(who, TOVES)
    await userEvent.selectOptions(theirs, 'other')
    await userEvent.type(await find('dialog input'), 'jun.example')
    await userEvent.click(await button(/^Offer it/))
    await expect.poll(dialog).toMatch(/That is not a DID/)
    await userEvent.clear(await find('dialog input'))
    await userEvent.type(await find('dialog input'), JUN)
    await userEvent.click(await button(/^Offer it/))
    await expect
      .poll(() => story.calls)
      .toEqual([`offer ${JSON.stringify({ peer: TOVES, ours: MIRELA, theirs: JUN })}`])
    await expect.poll(dialog).toBeUndefined()
  })
})

describe('copies of a repo', () => {
  it('are stones in the library and on the overview, with whose they are', async () => {
    open('/')
    await expect
      .poll(
        () =>
          document.querySelector('svg[aria-label="3 copies, all current"]')?.querySelectorAll('rect').length,
      )
      .toBe(3)
    leave()
    open(repoHref(MIRELA))
    await see(/3 copies, all currentThis device, Jun’s laptop, cairn\.garden\.example\./)
  })

  it('are asked anew, challenged, and kept at a store', async () => {
    const story = open(repoHref(CHOIR, 'health'))
    await see(/1 of 4 copies did not prove itself/)
    await see(/4 days behind/)
    await userEvent.click(await button(/^Ask now/))
    await userEvent.click(await button(/^Challenge the copy of Jun/))
    await userEvent.click(await button(/^Keep at the relay’s store/))
    await expect
      .poll(() => story.calls)
      .toEqual([
        `copies ${CHOIR} fresh`,
        `challenge ${CHOIR} ${JUNS}`,
        `keepAtStore ${CHOIR} https://cairn.garden.example/`,
      ])
  })

  it('say that one answers now, never that it stores', async () => {
    open(repoHref(MIRELA, 'health'))
    await see(/Answers now: proved records of it in 84 ms/)
    expect(text()).not.toMatch(/it stores|stored by/)
  })

  it('are listed or not, and say what that means', async () => {
    const story = open(repoHref(MIRELA, 'health'))
    await see(/Listed: it is announced/)
    await userEvent.click(await check(/List this copy/))
    await see(/Unlisted: it is not announced/)
    expect(story.calls).toEqual([`setListed ${MIRELA} false`])
  })
})

describe('links to keep a copy by', () => {
  it('are shown with a QR code', async () => {
    open(repoHref(MIRELA))
    await userEvent.click(await button(/^Ask someone to keep a copy/))
    const field = await find('dialog input')
    expect((field as HTMLInputElement).value).toContain(`/#/keep/${MIRELA}?relay=`)
    await expect
      .poll(() => document.querySelector('.qr path')?.getAttribute('d')?.length)
      .toBeGreaterThan(2_000)
    expect(dialog()).not.toMatch(/--public-url/)
  })

  it('warn when nobody else could open them', async () => {
    open(repoHref(MIRELA), { network: { linkRelays: [] } })
    await userEvent.click(await button(/^Ask someone to keep a copy/))
    await expect.poll(dialog).toMatch(/the relay needs a public URL.*--public-url/)
  })

  it('ask before they keep, then leave the address bar clean', async () => {
    const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    const story = open(`/#/keep/${did}?relay=https%3A%2F%2Frelay.example%2F`)
    await see(/relay\.example; added to yours/)
    expect(story.calls).toEqual([])
    const url = location.href
    await userEvent.click(await button(/^Keep a copy$/))
    await expect.poll(() => story.calls).toEqual([`keep ${url}`])
    await expect.poll(() => location.href).toBe(`${location.origin}/`)
    await see(/Library/)
  })

  it('turn the network on only when told to', async () => {
    const story = open(`/#/keep/${JUN}`, { network: { settings: { enabled: false } } })
    await userEvent.click(await button(/^Turn it on and keep/))
    await expect.poll(() => story.calls.at(-1)).toMatch(/^keep http/)
    expect(story.calls[0]).toBe('network.setSettings {"enabled":true}')
  })

  it('may be cut off on their way', async () => {
    open('/#/keep/nobody')
    await see(/does not say whose copy to keep/)
    await userEvent.click(await button(/^Go to the Library/))
    await expect.poll(() => location.hash).toBe('')
  })

  it('are taken by the field of the library, also while the network is off', async () => {
    const story = open('/', { network: { settings: { enabled: false } } })
    const link = `https://cairn.garden.example/#/keep/${JUN}`
    await userEvent.type(await find('.ask input'), `${link}{Enter}`)
    await expect.poll(() => story.calls).toEqual([`keep ${link}`])
    await userEvent.type(await find('.ask input'), 'ana.example.org{Enter}')
    await expect.poll(() => story.calls[1]).toBe('backup ana.example.org')
  })
})
