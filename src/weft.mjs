#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the sources can still say what it lacks.
import { existsSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

// The first Node that has WebAssembly JSPI without a flag and is a long-term release.
const leastMajor = 26

if (Number(process.versions.node.split('.')[0]) < leastMajor) {
  console.error(
    `weft: this is Node ${process.versions.node}, Weft needs Node ${leastMajor} or newer (for WebAssembly JSPI). ` +
      `Without installing it: npx -y -p node@${leastMajor} -c 'npm start'`,
  )
  process.exit(1)
}

// A host's threads all make little garbage that lives: more threads to collect it cost more than they save.
setFlagsFromString('--no-parallel-scavenge')
// A thread that let many linear memories go asks for a collection, which alone frees them.
setFlagsFromString('--expose-gc')

// In a clone the sources run as they are; the published package has the build alone.
const source = new URL('./main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/src/main.js', import.meta.url).href)
