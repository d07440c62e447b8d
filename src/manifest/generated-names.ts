import type { ManifestComponent } from './manifest.ts'

/** The id of a component of the application `app`, as wadm makes it: `my_app-hello` unless the manifest gives one. */
export function componentIdOf(
  app: string,
  component: Pick<ManifestComponent, 'name' | 'id' | 'from'>,
): string {
  if (component.id !== undefined) return component.id
  return 'image' in component.from
    ? generatedName(app, component.name)
    : generatedName(component.from.application, component.from.component)
}

/** The name under which a config with properties is stored for the application. */
export function configNameOf(app: string, config: string): string {
  return generatedName(app, config)
}

/** The name under which a reference to a secret is stored. Hosts know secrets by this prefix alone. */
export function secretNameOf(app: string, secret: string): string {
  return `SECRET_${generatedName(app, secret)}`
}

function generatedName(app: string, name: string): string {
  return `${plain(app)}-${plain(name)}`
}

function plain(part: string): string {
  return part.toLowerCase().replace(/[^a-z0-9]/gu, '_')
}
