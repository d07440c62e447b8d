import type { JsonObject } from './json.ts'
import { fieldsSchema, listSchema, nameSchema, refer, textSchema, textsSchema } from './schema-parts.ts'
import { traitDefinitions, traitSchemas } from './trait-schemas.ts'

/** OAM's rule for the names of annotations and labels, as `check-manifest.ts` has it. */
const oamName =
  '^([A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*/)?' +
  '[A-Za-z0-9]([-\\w.]{0,61}[A-Za-z0-9])?$'

const metadata = fieldsSchema('What the application is called.', {
  required: ['name', 'annotations'],
  fields: {
    name: nameSchema('Its name, one of its own in the lattice.', { pattern: '^[-\\w]+$' }),
    annotations: {
      description: 'May be empty, but must be there.',
      type: ['object', 'null'],
      propertyNames: { pattern: oamName },
      additionalProperties: { type: 'string' },
      properties: {
        version: textSchema('The version that this file is; without it, one is made when it is put.', {
          not: { const: 'latest' },
        }),
        description: textSchema('One line for lists of applications.'),
        'experimental.wasmcloud.dev/shared': textSchema('"true" lets other applications link to it.'),
      },
    },
    labels: textsSchema('For people and tools.', { propertyNames: { pattern: oamName } }),
  },
  others: 'ignored',
})

const policy = fieldsSchema(
  'A policy: of the type policy.secret.wasmcloud.dev/v1alpha1, a backend of secrets.',
  {
    required: ['name', 'type'],
    fields: {
      name: nameSchema('What secrets call it.'),
      type: nameSchema('Its kind.', { examples: ['policy.secret.wasmcloud.dev/v1alpha1'] }),
      properties: textsSchema('For a backend of secrets: "backend", and what that wants to know.'),
    },
    others: 'ignored',
  },
)

const componentProperties = {
  ...fieldsSchema('Where it comes from, and what it gets to know.', {
    fields: {
      image: nameSchema('A file or an image in a registry.', {
        examples: ['file://./hello.wasm', 'ghcr.io/acme/hello:1.0.0', 'wasmcloud+builtin://http-server'],
      }),
      application: fieldsSchema('Instead of an image: a component of another, shared application.', {
        required: ['name', 'component'],
        fields: {
          name: nameSchema('Name of the application.'),
          component: nameSchema('Name of its component.'),
        },
        others: 'ignored',
      }),
      id: textSchema('Its id in the lattice; default {application}-{name}.', { pattern: '^[\\w-]+$' }),
      config: listSchema('Configs that it may read.', refer('config')),
      secrets: listSchema('Secrets that it may read.', refer('secret')),
    },
    others: 'refused',
  }),
  oneOf: [{ required: ['image'] }, { required: ['application'] }],
}

const component = fieldsSchema('A component, or a provider of capabilities.', {
  required: ['name', 'type', 'properties'],
  fields: {
    name: nameSchema('Its name in this manifest.'),
    type: {
      description: 'component: WebAssembly; capability: a provider.',
      enum: ['component', 'capability', 'actor'],
    },
    properties: componentProperties,
    traits: listSchema('How many run and where, links, and more.', refer('trait')),
  },
  others: 'ignored',
})

const trait = {
  ...fieldsSchema('One trait.', {
    required: ['type', 'properties'],
    fields: {
      type: { description: 'What it is about.', enum: Object.keys(traitSchemas) },
      properties: { type: 'object' },
    },
    others: 'refused',
  }),
  allOf: Object.keys(traitSchemas).map((type) => ({
    if: { properties: { type: { const: type } } },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: { properties: refer(type) } },
  })),
}

/**
 * The JSON Schema (draft 7) of a manifest, for completion and first checks in editors. What takes more than one place of
 * the file to see, such as a link that goes nowhere, only `checkManifest` sees.
 */
export const manifestSchema: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Application of a Weft or wasmCloud lattice',
  ...fieldsSchema('An application manifest: OAM, as wadm 0.21 has it, with the traits of Weft.', {
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    fields: {
      apiVersion: { const: 'core.oam.dev/v1beta1' },
      kind: { const: 'Application' },
      metadata,
      spec: fieldsSchema('What it consists of.', {
        required: ['components'],
        fields: {
          components: listSchema('Components and providers.', refer('component')),
          policies: listSchema('Policies, such as backends of secrets.', policy),
        },
        others: 'ignored',
      }),
    },
    others: 'refused',
  }),
  definitions: { ...traitDefinitions, ...traitSchemas, trait, component },
}
