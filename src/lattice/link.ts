/** A link as it stands in LATTICEDATA and on the wire. Configs are names of entries in CONFIGDATA. */
export interface Link {
  readonly source_id: string
  readonly target: string
  readonly name: string
  readonly wit_namespace: string
  readonly wit_package: string
  readonly interfaces: readonly string[]
  readonly source_config: readonly string[]
  readonly target_config: readonly string[]
}

/** The value of `COMPONENT_{id}` in LATTICEDATA: the component's or provider's reference and the links it is source of. */
export interface ComponentSpec {
  readonly url: string
  readonly links: readonly Link[]
}
