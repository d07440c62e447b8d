export type JsonObject = { readonly [key: string]: Json }

/** What JSON can say, read-only. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
