import type { ControlClient } from '../lattice/control-client.ts'
import type { Deed } from './command.ts'

/** Gives one command to the lattice. Resolves when it was accepted, not when it is done; throws when it was refused. */
export async function giveCommand(client: ControlClient, deed: Deed): Promise<void> {
  switch (deed.do) {
    case 'put config':
      await client.putConfig(deed.name, deed.properties)
      return
    case 'delete config':
      await client.deleteConfig(deed.name)
      return
    case 'scale':
      await client.scale(deed.request)
      return
    case 'start provider':
      await client.startProvider(deed.request)
      return
    case 'stop provider':
      await client.stopProvider(deed.hostId, deed.providerId)
      return
    case 'put link':
      if (deed.replace) await client.deleteLink(deed.link)
      await client.putLink(deed.link)
      return
    case 'delete link':
      await client.deleteLink(deed.link)
  }
}
